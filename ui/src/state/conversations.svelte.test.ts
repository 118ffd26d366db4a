import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Conversation, ConversationSetup, Message } from "../ipc/bindings";
import { blankMessage, blankSession, blankView, NO_SAMPLING } from "../ipc/blank";
import { attach } from "../ipc/events";
import { emptySnapshot, errorInfo, TestBackend } from "../test-backend";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { conversations } from "./conversations.svelte";
import { drafts } from "./drafts.svelte";

const SETUP: ConversationSetup = {
  participants: ["A", "B"].map((name) => ({ name, host_id: "h", model: null, system_prompt: "", sampling: NO_SAMPLING })),
  order: "in_turn",
  turns: 4,
  tokens: null,
  end_phrase: "",
  summary_by: null,
  opening: "Discuss.",
};

let backend: TestBackend;
/** The task of the test: never one that an earlier test has ended. */
let run = "";
let round = 0;
let messages: Message[];
let kept: Conversation;

const session = () => blankSession("t", { kind: "conversation", title: "Talk" });
const view = () => blankView(session(), structuredClone(messages), { conversation: kept });

function turn(index: number, more: Partial<Message> = {}): Message {
  const id = `m${index}`;
  return blankMessage(id, "t", { position: index, role: "assistant", speaker: (index - 1) % 2, request_id: run, ...more });
}

function changed(part: Partial<Conversation>): void {
  kept = { ...kept, ...part };
  backend.say(run, { type: "progress", data: { type: "conversation_changed", data: { session_id: "t", conversation: kept } } });
}

function began(message: Message): void {
  const before = messages.at(-1) ?? message;
  messages.push(message);
  const data = { request_id: run, session: session(), user_message: before, answer: message };
  backend.say(run, { type: "progress", data: { type: "turn_began", data } });
}

beforeEach(async () => {
  run = `run-${++round}`;
  backend = new TestBackend();
  backend.snapshot = { ...emptySnapshot(), sessions: [session()] };
  messages = [blankMessage("m0", "t", { content: "Discuss." })];
  kept = { setup: SETUP, state: "ready", turns_done: 0, tokens_used: 0, next_speaker: 0 };
  backend.reply("session_get", view);
  backend.reply("conversation_put", view);
  backend.reply("conversation_run", () => ({ request_id: run }));
  backend.reply("conversation_pause", () => ({}));
  backend.reply("task_cancel", () => ({}));
  backend.reply("draft_put", () => ({}));
  conversations.refused.clear();
  conversations.stopping.clear();
  chats.active.clear();
  app.sessionId = null;
  await attach();
});

describe("a conversation between models", () => {
  it("is made from its draft, opened and run", async () => {
    await conversations.create(SETUP, null);
    expect(backend.requests("conversation_put")).toEqual([{ session_id: null, setup: SETUP }]);
    expect(backend.requests("conversation_run")).toEqual([{ session_id: "t", steps: null }]);
    expect(app.sessionId).toBe("t");
    expect(conversations.isRunning("t")).toBe(true);
  });

  it("keeps the draft and says why when it is refused", async () => {
    backend.reply("conversation_put", () => {
      throw errorInfo("invalid_input");
    });
    conversations.draft = SETUP;
    await conversations.create(SETUP, null);
    expect(conversations.refused.get(null)?.code).toBe("invalid_input");
    expect(conversations.draft).toBe(SETUP);
    expect(app.sessionId).toBeNull();
  });

  it("shows turns as they are spoken, each by its speaker", async () => {
    await chats.show("t");
    await conversations.run("t", null);
    began(turn(1, { state: "streaming" }));
    backend.say(run, { type: "chunk", data: { session_id: "t", message_id: "m1", part: "content", offset: 0, text: "Yes." } });
    messages[1] = turn(1, { content: "Yes." });
    changed({ turns_done: 1, next_speaker: 1 });
    began(turn(2, { state: "streaming" }));
    await vi.waitFor(() => expect(chats.thread("t")?.get("m1")?.state).toBe("complete"));
    const thread = chats.thread("t");
    expect(thread?.messages.map(({ id, speaker }) => [id, speaker])).toEqual([["m0", null], ["m1", 0], ["m2", 1]]);
    expect(chats.active.get("t")?.messageId).toBe("m2");
    expect(conversations.get("t")?.turns_done).toBe(1);
  });

  it("takes one step", async () => {
    await chats.show("t");
    await conversations.run("t", 1);
    expect(backend.requests("conversation_run")).toEqual([{ session_id: "t", steps: 1 }]);
  });

  it("pauses after the present turn", async () => {
    await chats.show("t");
    await conversations.run("t", null);
    await conversations.pause("t");
    expect(conversations.get("t")?.state).toBe("pausing");
    const data = { session_id: "t", conversation: { ...kept, state: "paused" as const, turns_done: 1 } };
    backend.say(run, { type: "complete", data: { type: "conversation", data } });
    expect(conversations.get("t")?.state).toBe("paused");
    expect(conversations.isRunning("t")).toBe(false);
  });

  it("stops in mid-sentence and keeps the text", async () => {
    await chats.show("t");
    await conversations.run("t", null);
    began(turn(1, { state: "streaming" }));
    await conversations.stop("t");
    expect(backend.requests("task_cancel")).toEqual([{ request_id: run }]);
    messages[1] = turn(1, { content: "I was about to", state: "stopped" });
    kept = { ...kept, state: "paused", turns_done: 1 };
    backend.say(run, { type: "complete", data: { type: "conversation", data: { session_id: "t", conversation: kept } } });
    await vi.waitFor(() => expect(chats.thread("t")?.get("m1")).toMatchObject({ content: "I was about to", state: "stopped" }));
    expect(conversations.stopping.has("t")).toBe(false);
    expect(chats.active.has("t")).toBe(false);
  });

  it("reads what it came to when its task breaks", async () => {
    await chats.show("t");
    await conversations.run("t", null);
    kept = { ...kept, state: "failed" };
    backend.say(run, { type: "error", data: errorInfo("stream_broken") });
    await vi.waitFor(() => expect(conversations.get("t")?.state).toBe("failed"));
  });

  it("is not shown as running when it ended before its command had answered", async () => {
    await chats.show("t");
    backend.reply("conversation_run", () => {
      const data = { session_id: "t", conversation: { ...kept, state: "finished" as const } };
      backend.say(run, { type: "complete", data: { type: "conversation", data } });
      return { request_id: run };
    });
    await conversations.run("t", null);
    expect(conversations.get("t")?.state).toBe("finished");
  });

  it("hears a line of the person, and gives it back when it is refused", async () => {
    await chats.show("t");
    backend.reply("conversation_say", ({ text, audience }) => {
      messages.push(blankMessage("said", "t", { position: 1, content: text, audience }));
      return view();
    });
    await conversations.say("t", "Be brief.", 1);
    expect(chats.thread("t")?.messages.at(-1)).toMatchObject({ content: "Be brief.", audience: 1 });
    backend.reply("conversation_say", () => {
      throw errorInfo("database_locked");
    });
    drafts.setText("t", "@A And now?");
    await conversations.say("t", "And now?", 0);
    expect(drafts.text("t")).toBe("@A And now?");
    expect(conversations.refused.has("t")).toBe(true);
  });

  it("goes on being run after the window was loaded anew", async () => {
    const subject = { kind: "conversation" as const, host_id: null, session_id: "t", message_id: "m1" };
    const task = { request_id: run, subject, state: "running" as const, queued_at: 1, started_at: 1, ended_at: null, steps: [], prompt: null, outcome: null };
    backend.snapshot = { ...backend.snapshot, tasks: [task] };
    await attach();
    expect(chats.active.get("t")?.messageId).toBe("m1");
    await conversations.stop("t");
    expect(backend.requests("task_cancel")).toEqual([{ request_id: run }]);
  });
});
