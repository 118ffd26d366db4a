/** What users of other chats complain about, shown to be impossible here. */
import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync, tick, type Component } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Message } from "../../ipc/bindings";
import { blankMessage, blankSession, blankView } from "../../ipc/blank";
import { attach } from "../../ipc/events";
import { app } from "../../state/app.svelte";
import { chats } from "../../state/chats.svelte";
import { flushFrame } from "../../state/frame";
import { ChatMessage } from "../../state/thread.svelte";
import { errorInfo, TestBackend } from "../../test-backend";
import AnswerMessage from "./AnswerMessage.svelte";
import Announcer from "./Announcer.svelte";

let backend: TestBackend;

function answer(session_id: string, part: Partial<Message> = {}): Message {
  return blankMessage(`a-${session_id}`, session_id, { position: 1, role: "assistant", ...part });
}

function show(message: Message, actions: object): void {
  render(AnswerMessage as unknown as Component<Record<string, unknown>>, {
    message: new ChatMessage(message), active: undefined, isLast: true, actions, compact: false, onlink: vi.fn(), editingId: null,
  });
}

beforeEach(async () => {
  backend = new TestBackend();
  backend.reply("session_get", ({ session_id }) =>
    blankView(blankSession(session_id), [blankMessage(`q-${session_id}`, session_id), answer(session_id, { state: "streaming", request_id: `r-${session_id}` })]));
  backend.snapshot.sessions = ["one", "two"].map((id) => blankSession(id));
  await attach();
  app.section = "chats";
});

function begin(id: string): void {
  const subject = { kind: "chat" as const, host_id: "h", session_id: id, message_id: `a-${id}` };
  backend.say(`r-${id}`, { type: "progress", data: { type: "started", data: subject } });
}

function write(id: string, text: string, offset: number): void {
  backend.say(`r-${id}`, { type: "chunk", data: { session_id: id, message_id: `a-${id}`, part: "content", offset, text } });
}

describe("complaint 4: a broken stream loses its text and nobody says where it broke", () => {
  const broken = { ...errorInfo("stream_broken"), facts: { type: "hop" as const, data: "tunnel" as const } };

  it("keeps the text, names the hop and offers to continue and to retry", async () => {
    const oncontinue = vi.fn();
    const onretry = vi.fn();
    show(answer("one", { content: "Half an ans", state: "failed", error: broken }), { oncontinue, onretry });
    expect(screen.getByTestId("message-hops").dataset.broken).toBe("tunnel");
    expect(screen.getByText("The text above is kept.")).toBeTruthy();
    await fireEvent.click(screen.getByTestId("message-continue"));
    await fireEvent.click(screen.getByTestId("message-retry"));
    expect([oncontinue.mock.calls.length, onretry.mock.calls.length]).toEqual([1, 1]);
  });

  it("offers to continue what was stopped, interrupted or cut, and nothing that is whole", () => {
    const oncontinue = vi.fn();
    show(answer("one", { content: "Half", state: "stopped" }), { oncontinue });
    show(answer("two", { content: "Half", state: "interrupted" }), { oncontinue });
    show(answer("six", { content: "Half", stats: { ...answer("six").stats, finish_reason: "length" } }), { oncontinue });
    show(answer("ten", { content: "Whole", stats: { ...answer("ten").stats, finish_reason: "stop" } }), { oncontinue });
    expect(screen.getAllByTestId("message-continue")).toHaveLength(3);
  });
});

describe("complaint 6: memory grows", () => {
  it("keeps the threads that were looked at last, and no more", async () => {
    const ids = Array.from({ length: 30 }, (_, at) => `m${at}`);
    for (const id of ids) {
      app.sessionId = id;
      await chats.show(id);
    }
    expect(ids.filter((id) => chats.thread(id)).length).toBeLessThanOrEqual(9);
  });
});

describe("complaint 13: leaving a chat kills or loses its answer", () => {
  it("goes on writing while another one is looked at", async () => {
    app.sessionId = "one";
    await chats.show("one");
    begin("one");
    write("one", "Hello", 0);
    app.sessionId = "two";
    await chats.show("two");
    write("one", " world", 5);
    expect(chats.thread("one")?.get("a-one")?.content).toBe("Hello world");
    expect(backend.requests("task_cancel")).toEqual([]);
  });
});

describe("complaint 14: screen readers hear nothing, or every token", () => {
  it("says an answer once, when it is complete", async () => {
    app.sessionId = "two";
    await chats.show("two");
    render(Announcer as unknown as Component<Record<string, unknown>>, { sessionId: "two" });
    const region = screen.getByTestId("chat-announcer");
    expect(region.getAttribute("aria-live")).toBe("polite");
    begin("two");
    write("two", "It is", 0);
    flushFrame();
    flushSync();
    expect(region.textContent).toBe("");
    write("two", " done.", 5);
    const stats = answer("two").stats;
    backend.say("r-two", { type: "complete", data: { type: "chat", data: { session_id: "two", message_id: "a-two", stopped: false, stats } } });
    await tick();
    expect(region.textContent).toContain("It is done.");
  });
});
