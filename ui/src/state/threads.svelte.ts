import { SvelteMap } from "svelte/reactivity";
import type { Session, SessionId, SessionView } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { app } from "./app.svelte";
import { placeOf } from "./reading-places";
import { Thread } from "./thread.svelte";
import { toasts } from "./toasts.svelte";

/** Conversations whose messages are kept in memory besides the open one. */
const KEPT = 8;
/** Messages that a conversation opens with: more than the largest window shows. */
const FIRST_MESSAGES = 50;
/** What was said before them is read after their picture, milliseconds. */
const EARLIER_MS = 150;

/** What is known of conversations besides their messages. */
interface Known {
  session: (sessionId: SessionId) => Session | undefined;
  /** Whether an answer is being made in it: then it is not let go. */
  isActive: (sessionId: SessionId) => boolean;
  /** Takes what was read. */
  take: (view: SessionView) => void;
}

/** The conversations whose messages are in memory, and the reading of them. */
export class Threads {
  #known: Known;
  #kept = new SvelteMap<SessionId, Thread>();
  #reading = new Map<SessionId, Promise<void>>();
  /** What is read before the messages that a conversation opened with. */
  #completing = new Map<SessionId, Promise<void>>();

  constructor(known: Known) {
    this.#known = known;
  }

  get(sessionId: SessionId): Thread | undefined {
    return this.#kept.get(sessionId);
  }

  has(sessionId: SessionId): boolean {
    return this.#kept.has(sessionId);
  }

  ids(): SessionId[] {
    return [...this.#kept.keys()];
  }

  delete(sessionId: SessionId): void {
    this.#kept.delete(sessionId);
  }

  /** Keeps a thread in memory and lets the ones go that were not looked at for longest. */
  keep(thread: Thread): void {
    this.#kept.delete(thread.sessionId);
    this.#kept.set(thread.sessionId, thread);
    for (const id of this.ids().slice(0, -KEPT))
      if (id !== app.sessionId && !this.#known.isActive(id)) this.#kept.delete(id);
  }

  /** Reads a conversation; asked for twice at once it is read once. */
  read(sessionId: SessionId): Promise<void> {
    let running = this.#reading.get(sessionId);
    if (!running) {
      running = this.#read(sessionId).finally(() => this.#reading.delete(sessionId));
      this.#reading.set(sessionId, running);
    }
    return running;
  }

  /** Makes a conversation ready to be shown; resolves when all of it is there. */
  async show(sessionId: SessionId): Promise<void> {
    const known = this.get(sessionId);
    if (known) this.keep(known);
    if (!known || known.status === "failed") await this.read(sessionId);
    if (this.get(sessionId)?.partial) await (this.#completing.get(sessionId) ?? this.read(sessionId));
  }

  async #read(sessionId: SessionId): Promise<void> {
    const thread = this.get(sessionId) ?? new Thread(sessionId);
    this.keep(thread);
    if (thread.status === "failed") thread.status = "loading";
    try {
      const last = this.#opensAtEnd(thread) ? FIRST_MESSAGES : null;
      this.#known.take(await call("session_get", { session_id: sessionId, last }));
      if (thread.partial) {
        const completing = this.#complete(thread).finally(() => this.#completing.delete(sessionId));
        this.#completing.set(sessionId, completing);
      }
    } catch (thrown) {
      thread.error = toErrorInfo(thrown);
      if (thread.messages.length === 0) thread.status = "failed";
    }
  }

  /** Whether the end of a conversation is what is looked at first. */
  #opensAtEnd({ sessionId, status, messages }: Thread): boolean {
    const session = this.#known.session(sessionId);
    const isNew = status === "loading" && messages.length === 0 && session?.kind === "chat" && session.group_id === null;
    const isLeft = placeOf(sessionId)?.following === false;
    return isNew && !isLeft && (app.sessionId !== sessionId || app.targetMessageId === null);
  }

  /** Reads what was said before the messages that a conversation opened with. */
  async #complete(thread: Thread): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, EARLIER_MS));
    if (!thread.partial) return;
    try {
      const view = await call("session_get", { session_id: thread.sessionId, last: null });
      // It may have been read again, or let go, in the meantime.
      if (thread.partial) thread.loadEarlier(view);
    } catch (thrown) {
      toasts.error(thrown);
    }
  }
}
