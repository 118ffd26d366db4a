import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { blankMessage, blankSession, blankView } from "../ipc/blank";
import type { SearchHit, SearchResult, SessionQuery } from "../ipc/bindings";
import { attach } from "../ipc/events";
import { emptySnapshot, errorInfo, TestBackend } from "../test-backend";
import { app } from "./app.svelte";
import { beginOf, DEBOUNCE_MS, openHit, Search } from "./search.svelte";

let backend: TestBackend;

function hit(id: string, messageId: string | null = null): SearchHit {
  return { session: blankSession(id), message_id: messageId, at: 1, snippet: [{ text: id, hit: true }] };
}

function result(...ids: string[]): SearchResult {
  return { hits: ids.map((id) => hit(id)), more: false };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  backend = new TestBackend();
});
afterEach(() => vi.useRealTimers());

describe("a search", () => {
  it("asks once the person pauses, with the words as they are then", async () => {
    backend.reply("session_search", () => result("a"));
    const search = new Search(10);
    for (const text of ["v", "va", " vac "]) search.setText(text);
    expect(search.pending).toBe(true);
    expect(backend.requests("session_search")).toEqual([]);
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS);
    expect(backend.requests("session_search")).toMatchObject([{ text: "vac", limit: 10, session_id: null }]);
    expect(search.hits.map(({ session }) => session.id)).toEqual(["a"]);
    expect(search.pending).toBe(false);
  });

  it("drops an answer that comes after a later question", async () => {
    const answers: ((value: SearchResult) => void)[] = [];
    backend.replies.set("session_search", () => new Promise((resolve) => answers.push(resolve)));
    const search = new Search(10);
    search.setText("first");
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS);
    search.setText("second");
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS);
    answers[1]?.(result("second"));
    await vi.advanceTimersByTimeAsync(0);
    answers[0]?.(result("first"));
    await vi.advanceTimersByTimeAsync(0);
    expect(search.hits.map(({ session }) => session.id)).toEqual(["second"]);
    expect(search.answered).toBe("second");
  });

  it("shows nothing of an answer that comes after the words were taken away", async () => {
    let answer: ((value: SearchResult) => void) | undefined;
    backend.replies.set("session_search", () => new Promise((resolve) => (answer = resolve)));
    const search = new Search(10);
    search.setText("gone");
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS);
    search.setText("");
    answer?.(result("gone"));
    await vi.advanceTimersByTimeAsync(0);
    expect(search.hits).toEqual([]);
    expect(search.pending).toBe(false);
  });

  it("says why it failed and can be asked again", async () => {
    backend.reply("session_search", () => {
      throw errorInfo("database_corrupt");
    });
    const search = new Search(10);
    search.setText("x");
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS);
    expect(search.error?.code).toBe("database_corrupt");
    backend.reply("session_search", () => result("x"));
    search.again();
    await vi.advanceTimersByTimeAsync(0);
    expect(search.error).toBeNull();
    expect(search.hits).toHaveLength(1);
  });

  it("passes its filters on, also without words", async () => {
    backend.reply("session_search", () => result());
    const search = new Search(10);
    search.filter({ tag: "work", date: "week", archived: true });
    await vi.advanceTimersByTimeAsync(0);
    const asked = backend.requests("session_search")[0] as SessionQuery;
    expect(asked).toMatchObject({ text: "", tag: "work", archived: true });
    expect(asked.from).toBe(beginOf("week", Date.now()));
    search.unfilter();
    expect(search.active).toBe(false);
  });

  it("reaches back over whole days of the calendar", () => {
    const now = new Date(2025, 2, 31, 15).getTime();
    expect(beginOf("any", now)).toBeNull();
    expect(beginOf("today", now)).toBe(new Date(2025, 2, 31).getTime());
    expect(beginOf("week", now)).toBe(new Date(2025, 2, 25).getTime());
  });
});

describe("what was found", () => {
  it("is opened at its message, on another branch through that branch", async () => {
    vi.useRealTimers();
    const session = blankSession("s1");
    backend.snapshot = { ...emptySnapshot(), sessions: [session] };
    await attach();
    const here = blankMessage("m1", "s1");
    const there = blankMessage("m2", "s1", { content: "the other version" });
    backend.reply("session_get", () => blankView(session, [here]));
    backend.reply("message_show", () => blankView(session, [there]));
    await openHit({ ...hit("s1", "m1"), session }, "words");
    expect(app).toMatchObject({ sessionId: "s1", targetMessageId: "m1", foundWords: "words", section: "chats" });
    expect(backend.requests("message_show")).toEqual([]);
    await openHit({ ...hit("s1", "m2"), session });
    expect(backend.requests("message_show")).toEqual([{ session_id: "s1", message_id: "m2" }]);
  });

  it("opens the comparison that a column belongs to", async () => {
    await openHit({ ...hit("c1", "m1"), session: blankSession("c1", { group_id: "head", column: 0 }) });
    expect(app.sessionId).toBe("head");
  });
});
