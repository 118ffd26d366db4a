import { flushSync } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { replaceBackend } from "../ipc/backend";
import type { BatchHandler } from "../ipc/backend";
import { blankMessage, blankSession, blankView, NO_DRAFT, NO_STATS } from "../ipc/blank";
import type { ErrorInfo, Message, Session, SessionView, Snapshot, TaskBody, TaskInfo } from "../ipc/bindings";
import { attach } from "../ipc/events";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { drafts } from "./drafts.svelte";
import { flushFrame } from "./frame";
import { DEFAULTS } from "./settings.svelte";
import { toasts } from "./toasts.svelte";

const STATS = NO_STATS;

function session(id: string, more: Partial<Session> = {}): Session {
  return blankSession(id, { title: `Chat ${id}`, host_id: "h", model: "m", created_at: 1, updated_at: 1, message_count: 2, ...more });
}

function message(id: string, more: Partial<Message> = {}): Message {
  return blankMessage(id, "s1", { content: "question", created_at: 1, ...more });
}

function answer(id: string, more: Partial<Message> = {}): Message {
  return message(id, { position: 1, role: "assistant", content: "", state: "streaming", request_id: r1, ...more });
}

function failure(code: ErrorInfo["code"] = "stream_broken"): ErrorInfo {
  return { code, message: { en: "It broke.", ru: "Прервано." }, fix: { en: "Retry.", ru: "Повторите." }, detail_id: "d1", facts: null };
}

function viewOf({ session, messages }: Pick<SessionView, "session" | "messages">): SessionView {
  return blankView(session, messages);
}

/** A backend whose answers the test gives. */
class Fake {
  handlers: Record<string, (request: never) => unknown> = {};
  calls: { name: string; request: unknown }[] = [];
  sessions: Session[] = [];
  tasks: TaskInfo[] = [];
  seq = 0;
  #batch: BatchHandler = () => undefined;

  async attach(): Promise<void> {
    replaceBackend({
      invoke: (name, request) => {
        this.calls.push({ name, request });
        const handler = this.handlers[name];
        if (name === "snapshot") return Promise.resolve(this.#snapshot());
        return handler ? Promise.resolve().then(() => handler(request as never)) : Promise.reject(failure("internal"));
      },
      subscribe: (_after, onBatch) => {
        this.#batch = onBatch;
        return Promise.resolve({ complete: true });
      },
    });
    await attach();
  }

  emit(requestId: string, ...bodies: TaskBody[]): void {
    this.#batch(bodies.map((body) => ({ request_id: requestId, seq: ++this.seq, timestamp: 1000 + this.seq, body })));
    flushSync();
  }

  chunk(text: string, offset: number, more: { session_id?: string; message_id?: string } = {}): TaskBody {
    return { type: "chunk", data: { session_id: "s1", message_id: "a1", part: "content", offset, text, ...more } };
  }

  started(sessionId = "s1", messageId = "a1"): TaskBody {
    const subject = { kind: "chat" as const, host_id: "h", session_id: sessionId, message_id: messageId };
    return { type: "progress", data: { type: "started", data: subject } };
  }

  completed(stopped = false, sessionId = "s1", messageId = "a1"): TaskBody {
    const stats = { ...STATS, completion_tokens: 7 };
    return { type: "complete", data: { type: "chat", data: { session_id: sessionId, message_id: messageId, stopped, stats } } };
  }

  #snapshot(): Snapshot {
    return {
      seq: this.seq,
      app: { version: "1", platform: "linux", system_language: "en", data_dir: "", log_dir: "", cpu: "", memory_total_bytes: null, disk_free_bytes: null, hub_token: false },
      settings: DEFAULTS, hosts: [], connections: [], tasks: this.tasks, sessions: this.sessions, folders: [], draft: NO_DRAFT,
    };
  }
}

let fake: Fake;
/** Request ids are never used twice, in the program and here. */
let [r1, r2, r3, r4] = ["", "", "", ""];
let run = 0;

beforeEach(async () => {
  run += 1;
  [r1, r2, r3, r4] = [`r1-${run}`, `r2-${run}`, `r3-${run}`, `r4-${run}`];
  app.sessionId = null;
  app.section = "chats";
  drafts.setText(null, "");
  drafts.setText("s1", "");
  fake = new Fake();
  fake.sessions = [session("s1"), session("s2", { updated_at: 5 })];
  fake.handlers.session_get = ({ session_id }: { session_id: string }): SessionView =>
    blankView(session(session_id), [message(`q-${session_id}`), answer(`a-${session_id}`, { content: "old", state: "complete", request_id: "r0" })]);
  for (const id of ["s1", "s2", "s3"]) {
    chats.failed.delete(id);
    chats.unread.delete(id);
  }
  await fake.attach();
});

async function send(): Promise<void> {
  fake.handlers.chat_send = () => ({
    request_id: r1,
    session: session("s1", { updated_at: 9 }),
    user_message: message("q1", { position: 2 }),
    answer: answer("a1", { position: 3 }),
  });
  app.sessionId = "s1";
  await chats.show("s1");
  await chats.send("s1", "h", "question");
}

const content = (id = "a1", sessionId = "s1"): string | undefined => chats.thread(sessionId)?.get(id)?.content;

describe("sessions", () => {
  it("come latest first and follow what is done to them", async () => {
    expect(chats.ordered.map(({ id }) => id)).toEqual(["s2", "s1"]);
    fake.handlers.session_rename = () => session("s1", { title: "New" });
    fake.handlers.session_pin = () => session("s1", { title: "New", pinned: true });
    await chats.rename("s1", "  New  ");
    await chats.pin("s1", true);
    expect(chats.sessions.get("s1")).toMatchObject({ title: "New", pinned: true });
    expect(fake.calls.find(({ name }) => name === "session_rename")?.request).toEqual({ session_id: "s1", title: "New" });
  });

  it("take a change back that the backend refuses", async () => {
    fake.handlers.session_pin = () => Promise.reject(failure());
    await chats.pin("s1", true);
    expect(chats.sessions.get("s1")?.pinned).toBe(false);
    expect(toasts.list.at(-1)?.kind).toBe("error");
  });

  it("are deleted at once and come back with undo", async () => {
    fake.handlers.session_delete = () => ({});
    fake.handlers.session_restore = () => session("s1");
    app.sessionId = "s1";
    await chats.remove("s1");
    expect(chats.sessions.has("s1")).toBe(false);
    expect(app.sessionId).toBeNull();
    const note = toasts.list.at(-1);
    if (note) toasts.act(note);
    await vi.waitFor(() => expect(chats.sessions.has("s1")).toBe(true));
    expect(app.sessionId).toBe("s1");
  });

  it("stay when they cannot be deleted", async () => {
    fake.handlers.session_delete = () => Promise.reject(failure("database_locked"));
    await chats.remove("s1");
    expect(chats.sessions.has("s1")).toBe(true);
  });
});

describe("sending", () => {
  it("clears the draft, shows both messages and knows the answer as active", async () => {
    drafts.setText("s1", "question");
    await send();
    expect(drafts.text("s1")).toBe("");
    expect(chats.thread("s1")?.messages.map(({ id }) => id)).toEqual(["q-s1", "a-s1", "q1", "a1"]);
    expect(chats.active.get("s1")?.requestId).toBe(r1);
  });

  it("gives the draft back when the backend refuses, unless something was written since", async () => {
    fake.handlers.chat_send = () => Promise.reject(failure("context_exceeded"));
    drafts.setText("s1", "too long");
    expect(await chats.send("s1", "h", "too long")).toBe(false);
    expect(drafts.text("s1")).toBe("too long");
    expect(chats.refused.get("s1")?.code).toBe("context_exceeded");
    const sending = chats.send("s1", "h", "too long");
    drafts.setText("s1", "other");
    await sending;
    expect(drafts.text("s1")).toBe("other");
  });

  it("refuses empty text and a second message while one is answered", async () => {
    expect(await chats.send("s1", "h", " \n ")).toBe(false);
    await send();
    expect(await chats.send("s1", "h", "again")).toBe(false);
    expect(fake.calls.filter(({ name }) => name === "chat_send")).toHaveLength(1);
  });

  it("opens the new conversation and takes along what was written meanwhile", async () => {
    fake.handlers.chat_send = () => ({
      request_id: r3,
      session: session("s3"),
      user_message: message("q3", { session_id: "s3" }),
      answer: answer("a3", { session_id: "s3", request_id: r3 }),
    });
    const sending = chats.send(null, "h", "first");
    drafts.setText(null, "and then");
    await sending;
    expect(app.sessionId).toBe("s3");
    expect(drafts.text("s3")).toBe("and then");
    expect(fake.calls.some(({ name }) => name === "session_get")).toBe(false);
  });

  it("stays where the person has gone in the meantime", async () => {
    fake.handlers.chat_send = () => ({
      request_id: r4, session: session("s4"), user_message: message("q4", { session_id: "s4" }), answer: answer("a4", { session_id: "s4" }),
    });
    const sending = chats.send(null, "h", "first");
    app.sessionId = "s2";
    await sending;
    expect(app.sessionId).toBe("s2");
  });
});

describe("streaming", () => {
  it("applies pieces by their offset and ignores what is known", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hello", 0), fake.chunk("lo wor", 3), fake.chunk("ld", 9), fake.chunk("Hello", 0));
    expect(content()).toBe("Hello world");
    expect(chats.active.get("s1")?.phase).toBe("writing");
    expect(chats.active.get("s1")?.pieces).toBe(4);
  });

  it("counts offsets in UTF-16 units, pairs cut in two included", async () => {
    await send();
    fake.emit(r1, fake.chunk("a\ud83c", 0), fake.chunk("\udf89b", 2), fake.chunk("ж", 4));
    expect(content()).toBe("a🎉bж");
  });

  it("keeps pieces that come before the command has answered", async () => {
    app.sessionId = "s1";
    await chats.show("s1");
    fake.handlers.chat_send = () => {
      fake.emit(r1, fake.started(), fake.chunk("Hel", 0), fake.chunk("lo", 3));
      return { request_id: r1, session: session("s1"), user_message: message("q1", { position: 2 }), answer: answer("a1", { position: 3 }) };
    };
    await chats.send("s1", "h", "question");
    expect(content()).toBe("Hello");
  });

  it("ends an answer that ended before the command has answered", async () => {
    app.sessionId = "s1";
    await chats.show("s1");
    fake.handlers.chat_send = () => {
      fake.handlers.session_get = () => Promise.reject(failure("database_locked"));
      fake.emit(r1, fake.started(), { type: "error", data: failure("not_connected") });
      return { request_id: r1, session: session("s1"), user_message: message("q1", { position: 2 }), answer: answer("a1", { position: 3 }) };
    };
    await chats.send("s1", "h", "question");
    expect(chats.thread("s1")?.get("a1")).toMatchObject({ state: "failed", error: { code: "not_connected" } });
    expect(chats.active.has("s1")).toBe(false);
  });

  it("reads the conversation again after a gap, once, and goes on", async () => {
    await send();
    fake.emit(r1, fake.chunk("Hello", 0));
    let reads = 0;
    fake.handlers.session_get = () => {
      reads += 1;
      return viewOf({ session: session("s1"), messages: [message("q1", { position: 2 }), answer("a1", { position: 3, content: "Hello wor" })] });
    };
    fake.emit(r1, fake.chunk("ld", 9), fake.chunk("!", 11));
    await vi.waitFor(() => expect(content()).toBe("Hello world!"));
    expect(reads).toBe(1);
  });

  it("does not ask for every piece while reading fails", async () => {
    await send();
    let reads = 0;
    fake.handlers.session_get = () => {
      reads += 1;
      return Promise.reject(failure("database_locked"));
    };
    for (let index = 0; index < 20; index += 1) {
      fake.emit(r1, fake.chunk("x", 50 + index));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(reads).toBe(1);
  });

  it("keeps what the window has when a reading is behind it", async () => {
    await send();
    fake.emit(r1, fake.chunk("Hello world", 0));
    fake.handlers.session_get = () => viewOf({
      session: session("s1"), messages: [message("q1", { position: 2 }), answer("a1", { position: 3, content: "Hello" })],
    });
    fake.emit(r1, fake.chunk("!", 12));
    await vi.waitFor(() => expect(fake.calls.filter(({ name }) => name === "session_get").length).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(content()).toBe("Hello world");
  });

  it("writes several conversations at once", async () => {
    await send();
    await chats.show("s2");
    fake.emit(r2, fake.started("s2", "a-s2"));
    fake.emit(r1, fake.chunk("one", 0));
    fake.emit(r2, fake.chunk(" two", 3, { session_id: "s2", message_id: "a-s2" }));
    expect(content()).toBe("one");
    expect(content("a-s2", "s2")).toBe("old two");
    expect([...chats.active.keys()].sort()).toEqual(["s1", "s2"]);
  });

  it("repaints only the message that pieces belong to, once per frame", async () => {
    await send();
    const seen: string[] = [];
    const stop = $effect.root(() => {
      for (const one of chats.thread("s1")?.messages ?? []) {
        $effect(() => {
          seen.push(`${one.id}:${one.content}`);
        });
      }
    });
    flushSync();
    seen.length = 0;
    fake.emit(r1, fake.chunk("x", 0), fake.chunk("y", 1));
    fake.emit(r1, fake.chunk("z", 2));
    expect(seen).toEqual([]);
    flushFrame();
    flushSync();
    expect(seen).toEqual(["a1:xyz"]);
    stop();
  });

  it("tells the phases before the first piece", async () => {
    await send();
    fake.emit(r1, fake.started(), { type: "progress", data: { type: "chat_phase", data: "loading" } });
    expect(chats.active.get("s1")?.phase).toBe("loading");
    fake.emit(r1, { type: "progress", data: { type: "chat_phase", data: "prompt" } }, fake.chunk("x", 0), {
      type: "progress", data: { type: "chat_phase", data: "prompt" },
    });
    expect(chats.active.get("s1")?.phase).toBe("writing");
  });

  it("keeps reasoning apart", async () => {
    await send();
    fake.emit(r1, { type: "chunk", data: { session_id: "s1", message_id: "a1", part: "reasoning", offset: 0, text: "hm" } }, fake.chunk("x", 0));
    expect(chats.thread("s1")?.get("a1")).toMatchObject({ reasoning: "hm", content: "x" });
  });
});

describe("the end of an answer", () => {
  it("takes state and figures and tells listeners", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hello", 0), fake.completed());
    expect(chats.thread("s1")?.get("a1")).toMatchObject({ state: "complete", stats: { completion_tokens: 7 } });
    expect(chats.finished?.message.content).toBe("Hello");
    expect(chats.active.has("s1")).toBe(false);
    expect(chats.unread.has("s1")).toBe(false);
  });

  it("keeps the text of a stopped one", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hel", 0));
    fake.handlers.task_cancel = () => ({});
    await chats.stop("s1");
    expect(chats.active.get("s1")?.phase).toBe("stopping");
    fake.emit(r1, fake.chunk("lo", 3), fake.completed(true));
    expect(chats.thread("s1")?.get("a1")).toMatchObject({ state: "stopped", content: "Hello" });
  });

  it("goes on when it could not be stopped", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hel", 0));
    await chats.stop("s1");
    expect(chats.active.get("s1")?.phase).toBe("writing");
  });

  it("keeps text and error of a broken one", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hel", 0), { type: "error", data: failure() });
    expect(chats.thread("s1")?.get("a1")).toMatchObject({ state: "failed", content: "Hel", error: { code: "stream_broken" } });
    expect(chats.failed.has("s1")).toBe(true);
  });

  it("reads the figures of a broken one, which do not come with the error", async () => {
    await send();
    fake.handlers.session_get = () => viewOf({
      session: session("s1"),
      messages: [
        message("q1", { position: 2 }),
        answer("a1", { position: 3, request_id: r1, content: "Hel", state: "failed", error: failure(), stats: { ...STATS, prompt_tokens: 5 } }),
      ],
    });
    fake.emit(r1, fake.started(), fake.chunk("Hel", 0), { type: "error", data: failure() });
    await vi.waitFor(() => expect(chats.thread("s1")?.get("a1")?.stats.prompt_tokens).toBe(5));
  });

  it("counts as stopped when it was cancelled in the queue", async () => {
    await send();
    fake.emit(r1, fake.started(), { type: "error", data: failure("cancelled") });
    expect(chats.thread("s1")?.get("a1")).toMatchObject({ state: "stopped", error: null });
    expect(chats.failed.has("s1")).toBe(false);
  });

  it("marks a conversation that nobody looks at", async () => {
    await send();
    app.sessionId = "s2";
    fake.emit(r1, fake.started(), fake.chunk("x", 0), fake.completed());
    expect(chats.unread.has("s1")).toBe(true);
    await chats.show("s1");
    expect(chats.unread.has("s1")).toBe(false);
  });
});

describe("retry", () => {
  it("puts a new answer in the place of the last one", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hel", 0), { type: "error", data: failure() });
    fake.handlers.chat_retry = () => ({
      request_id: r2, session: session("s1"), user_message: message("q1", { position: 2 }), answer: answer("a2", { position: 3, request_id: r2 }),
    });
    await chats.retry("s1", "h");
    expect(chats.thread("s1")?.messages.map(({ id }) => id)).toEqual(["q-s1", "a-s1", "q1", "a2"]);
    expect(chats.failed.has("s1")).toBe(false);
    fake.emit(r2, fake.started("s1", "a2"), fake.chunk("Hello", 0, { message_id: "a2" }));
    expect(content("a2")).toBe("Hello");
  });
});

describe("after a reload", () => {
  it("finds running answers and reads the open conversation again", async () => {
    await send();
    fake.emit(r1, fake.started(), fake.chunk("Hello", 0));
    fake.tasks = [{
      request_id: r1, subject: { kind: "chat", host_id: "h", session_id: "s1", message_id: "a1" }, state: "running",
      queued_at: 1, started_at: 2, ended_at: null, steps: [], prompt: null, outcome: null,
    }];
    fake.handlers.session_get = () => viewOf({
      session: session("s1"), messages: [message("q1", { position: 2 }), answer("a1", { position: 3, content: "Hello wor" })],
    });
    await fake.attach();
    await vi.waitFor(() => expect(content()).toBe("Hello wor"));
    expect(chats.active.get("s1")?.requestId).toBe(r1);
    fake.emit(r1, fake.chunk("world", 6), fake.completed());
    expect(content()).toBe("Hello world");
    expect(chats.thread("s1")?.get("a1")?.state).toBe("complete");
  });

  it("says why a conversation could not be read and reads it when asked again", async () => {
    fake.handlers.session_get = () => Promise.reject(failure("database_locked"));
    await chats.show("s9");
    expect(chats.thread("s9")).toMatchObject({ status: "failed", error: { code: "database_locked" } });
    fake.handlers.session_get = () => viewOf({ session: session("s9"), messages: [] });
    await chats.show("s9");
    expect(chats.thread("s9")).toMatchObject({ status: "ready", error: null });
  });
});
