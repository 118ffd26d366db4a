import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Message, SessionKind } from "../ipc/bindings";
import { blankMessage, blankSession, blankView } from "../ipc/blank";
import { attach } from "../ipc/events";
import { errorInfo, TestBackend } from "../test-backend";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { rememberPlace } from "./reading-places";
import { toasts } from "./toasts.svelte";

const COUNT = 120;
/** Conversations are kept: each test has its own. */
let id = "";
let run = 0;
let backend: TestBackend;
let said: Message[];

const shown = () => chats.thread(id)?.messages.map((message) => message.id);
const asked = () => backend.requests("session_get").map((request) => (request as { last: number | null }).last);

async function begin(kind: SessionKind = "chat"): Promise<void> {
  backend.snapshot.sessions = [blankSession(id, { kind })];
  await attach();
}

beforeEach(() => {
  vi.useFakeTimers();
  run += 1;
  id = `long-${run}`;
  Object.assign(app, { section: "chats", sessionId: id, targetMessageId: null });
  backend = new TestBackend();
  said = Array.from({ length: COUNT }, (_, at) => blankMessage(`${id}-${at}`, id, { position: at, role: at % 2 === 0 ? "user" : "assistant" }));
  backend.reply("session_get", ({ last }) => {
    const messages = last === null ? [...said] : said.slice(-last);
    return blankView(blankSession(id), messages, { earlier: messages.length < said.length });
  });
});
afterEach(() => vi.useRealTimers());

it("shows the end of a conversation first, and then all of it", async () => {
  await begin();
  const whole = chats.show(id);
  await vi.waitFor(() => expect(chats.thread(id)?.status).toBe("ready"));
  const thread = chats.thread(id);
  expect(thread?.messages.length).toBe(50);
  expect(thread).toMatchObject({ partial: true, grewAtStart: false });
  const kept = thread?.messages[0];
  await vi.advanceTimersByTimeAsync(200);
  await whole;
  expect(shown()).toEqual(said.map((message) => message.id));
  expect(thread).toMatchObject({ partial: false, grewAtStart: true });
  expect(thread?.messages[COUNT - 50]).toBe(kept);
  expect(asked()).toEqual([50, null]);
});

it("keeps what is said while the rest is read", async () => {
  await begin();
  const whole = chats.show(id);
  await vi.waitFor(() => expect(chats.thread(id)?.status).toBe("ready"));
  backend.reply("chat_send", () => ({
    request_id: `r-${id}`,
    session: blankSession(id),
    user_message: blankMessage("new question", id, { position: COUNT }),
    answer: blankMessage("new answer", id, { position: COUNT + 1, role: "assistant", state: "streaming", request_id: `r-${id}` }),
  }));
  await chats.send(id, "h", "a new question");
  await vi.advanceTimersByTimeAsync(200);
  await whole;
  expect(shown()?.length).toBe(COUNT + 2);
  expect(shown()?.at(-1)).toBe("new answer");
});

it("reads all of it at once where not the end is looked for", async () => {
  await begin("conversation");
  await chats.show(id);
  expect(asked()).toEqual([null]);

  id = `${id}-target`;
  said = said.map((message) => ({ ...message, id: `${message.id}-target` }));
  Object.assign(app, { sessionId: id, targetMessageId: "somewhere" });
  await begin();
  await chats.show(id);
  expect(asked()).toEqual([null, null]);

  id = `${id}-left`;
  Object.assign(app, { sessionId: id, targetMessageId: null });
  rememberPlace(id, { heights: undefined, count: COUNT, width: 1, top: 5, following: false });
  await begin();
  await chats.show(id);
  expect(asked()).toEqual([null, null, null]);
});

it("says when the rest cannot be read, and reads it when it is next looked at", async () => {
  await begin();
  const whole = chats.show(id);
  await vi.waitFor(() => expect(chats.thread(id)?.status).toBe("ready"));
  const read = backend.replies.get("session_get");
  backend.reply("session_get", () => {
    throw errorInfo("database_locked");
  });
  const error = vi.spyOn(toasts, "error");
  await vi.advanceTimersByTimeAsync(200);
  await whole;
  expect(error).toHaveBeenCalledOnce();
  expect(shown()?.length).toBe(50);
  if (read) backend.replies.set("session_get", read);
  await chats.show(id);
  expect(shown()?.length).toBe(COUNT);
});

it("takes another branch whole that is shown by then", async () => {
  await begin();
  const whole = chats.show(id);
  await vi.waitFor(() => expect(chats.thread(id)?.status).toBe("ready"));
  said = said.slice(0, 10);
  await vi.advanceTimersByTimeAsync(200);
  await whole;
  expect(shown()?.length).toBe(10);
  expect(chats.thread(id)?.partial).toBe(false);
});
