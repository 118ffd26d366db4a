import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Attachment, ChatSend, ChatStarted, Session } from "../ipc/bindings";
import { blankMessage, blankSession, blankView, NO_STATS } from "../ipc/blank";
import { attach } from "../ipc/events";
import { connection, emptySnapshot, errorInfo, hostView, TestBackend } from "../test-backend";
import { app } from "./app.svelte";
import { attachments } from "./attachments.svelte";
import { chats } from "./chats.svelte";
import { compare } from "./compare.svelte";
import { drafts } from "./drafts.svelte";

let backend: TestBackend;
/** Tasks are never told apart by a name that an earlier test used. */
let round = 0;
const task = (id: string) => `task-${id}-${round}`;
/** Columns that are refused what they are sent. */
let refusing: Set<string>;

function column(id: string, place: number): Session {
  return blankSession(id, { host_id: place === 0 ? "a" : "b", group_id: "head", column: place });
}

function begun({ session_id, text }: { session_id: string; text: string }): ChatStarted {
  const id = session_id;
  if (refusing.has(id)) throw errorInfo("host_unreachable");
  return {
    request_id: task(id),
    session: chats.sessions.get(id) ?? column(id, 0),
    user_message: blankMessage(`q-${id}`, id, { content: text }),
    answer: blankMessage(`a-${id}`, id, { position: 1, role: "assistant", state: "streaming", request_id: task(id) }),
  };
}

function end(id: string): void {
  const data = { session_id: id, message_id: `a-${id}`, stopped: false, stats: NO_STATS };
  backend.say(task(id), { type: "complete", data: { type: "chat", data } });
}

beforeEach(async () => {
  backend = new TestBackend();
  refusing = new Set();
  round += 1;
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a"), hostView("b")], connections: [connection(), connection({ host_id: "b", model: "n" })] };
  const head = blankSession("head", { kind: "compare", title: "Two" });
  const columns = [column("c0", 0), column("c1", 1)];
  backend.reply("compare_start", () => blankView(head, [], { columns }));
  backend.reply("session_get", ({ session_id }) =>
    session_id === "head" ? blankView(head, [], { columns }) : blankView(chats.sessions.get(session_id) ?? column(session_id, 0), []),
  );
  backend.reply("chat_send", (request) => begun(request as ChatSend & { session_id: string }));
  backend.reply("chat_retry", ({ session_id }) => begun({ session_id, text: "again" }));
  backend.reply("task_cancel", () => ({}));
  backend.reply("draft_put", () => ({}));
  backend.reply("session_configure", () => ({}));
  app.sessionId = null;
  chats.active.clear();
  chats.refused.clear();
  for (const place of ["head", "c0", "c1", null]) drafts.setText(place, "");
  await attach();
});

async function started(): Promise<void> {
  await compare.start("Which is right?");
  await vi.waitFor(() => expect(backend.requests("chat_send")).toHaveLength(2));
  await vi.waitFor(() => expect(chats.sending.size).toBe(0));
}

describe("a comparison", () => {
  it("is proposed with servers that differ", () => {
    expect(compare.draft.map(({ host_id }) => host_id)).toEqual(["a", "b"]);
  });

  it("asks every column the same, and opens", async () => {
    drafts.setSampling(null, { temperature: 0.2 });
    await started();
    expect(backend.requests("compare_start")).toEqual([{ columns: [{ host_id: "a", model: null }, { host_id: "b", model: null }] }]);
    const sent = backend.requests("chat_send") as ChatSend[];
    expect(sent.map(({ session_id, host_id, text }) => [session_id, host_id, text])).toEqual([
      ["c0", "a", "Which is right?"],
      ["c1", "b", "Which is right?"],
    ]);
    expect(sent.map(({ settings }) => settings.sampling.temperature)).toEqual([0.2, 0.2]);
    expect(app.sessionId).toBe("head");
    expect(compare.running("head")).toHaveLength(2);
  });

  it("keeps its columns out of the list of conversations", async () => {
    await started();
    expect(chats.ordered.map(({ id }) => id)).toEqual(["head"]);
  });

  it("goes on in the other columns when one refuses, and asks that one again", async () => {
    refusing.add("c0");
    await started();
    expect(chats.refused.has("c0")).toBe(true);
    expect(chats.active.has("c1")).toBe(true);
    refusing.clear();
    compare.resend("c0");
    await vi.waitFor(() => expect(chats.active.has("c0")).toBe(true));
    expect((backend.requests("chat_send").at(-1) as ChatSend).text).toBe("Which is right?");
  });

  it("sends its files to every column; one that refuses keeps them for the next time", async () => {
    const file: Attachment = { id: "f1", name: "a.png", mime: "image/png", kind: "image", bytes: 9, tokens: null };
    attachments.bring(null, [file]);
    refusing.add("c0");
    await compare.start("");
    await vi.waitFor(() => expect(attachments.ids("c0")).toEqual(["f1"]));
    refusing.clear();
    compare.resend("c0");
    await vi.waitFor(() => expect(chats.active.has("c0")).toBe(true));
    const sent = backend.requests("chat_send") as ChatSend[];
    expect(sent.map(({ session_id, attachments }) => [session_id, attachments])).toEqual([
      ["c0", ["f1"]],
      ["c1", ["f1"]],
      ["c0", ["f1"]],
    ]);
    for (const place of [null, "head", "c0", "c1"]) expect(attachments.ids(place)).toEqual([]);
  });

  it("goes on in the other columns when an answer breaks", async () => {
    await started();
    backend.say(task("c0"), { type: "error", data: errorInfo("stream_broken") });
    expect(compare.running("head").map(({ id }) => id)).toEqual(["c1"]);
    expect(chats.failed.has("c0")).toBe(true);
    expect(chats.failed.has("c1")).toBe(false);
  });

  it("asks nothing more before all columns are done", async () => {
    await started();
    end("c0");
    compare.send("head", "And now?");
    expect(backend.requests("chat_send")).toHaveLength(2);
    end("c1");
    compare.send("head", "And now?");
    await vi.waitFor(() => expect(backend.requests("chat_send")).toHaveLength(4));
  });

  it("stops all of them", async () => {
    await started();
    compare.stopAll("head");
    const both = [{ request_id: task("c0") }, { request_id: task("c1") }];
    await vi.waitFor(() => expect(backend.requests("task_cancel")).toEqual(both));
  });

  it("asks another model once the one before has stopped", async () => {
    await started();
    const asked = compare.retry("c0", { hostId: "b", model: null });
    await vi.waitFor(() => expect(backend.requests("task_cancel")).toEqual([{ request_id: task("c0") }]));
    expect(backend.requests("chat_retry")).toHaveLength(0);
    backend.say(task("c0"), { type: "error", data: errorInfo("cancelled") });
    await asked;
    expect(backend.requests("chat_retry")).toMatchObject([{ session_id: "c0", host_id: "b" }]);
  });

  it("goes on with one column as a conversation of its own", async () => {
    backend.reply("compare_take", () => blankSession("c1", { host_id: "b" }));
    await started();
    end("c0");
    end("c1");
    await compare.take("c1");
    expect(app.sessionId).toBe("c1");
    expect(chats.ordered.map(({ id }) => id).sort()).toEqual(["c1", "head"]);
    expect(compare.columns("head").map(({ id }) => id)).toEqual(["c0"]);
  });

  it("knows its columns after messages were missed", async () => {
    await started();
    backend.snapshot = { ...backend.snapshot, sessions: [blankSession("head", { kind: "compare" })] };
    await attach();
    expect(compare.columns("head").map(({ id }) => id)).toEqual(["c0", "c1"]);
    expect(chats.sessions.has("c0")).toBe(true);
  });
});
