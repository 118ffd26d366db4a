import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { Conversation, ConversationSetup, ErrorInfo, RequestId, SessionId, SessionView } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onBody, onMessage, onSnapshot } from "../ipc/events";
import { ActiveAnswer } from "./answer.svelte";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { drafts } from "./drafts.svelte";
import { mode } from "./mode.svelte";
import { toasts } from "./toasts.svelte";
import { announceView, onView } from "./views";

/** Conversations between models: where each is, and what a person does with it. */
class ConversationsState {
  byId = new SvelteMap<SessionId, Conversation>();
  /** Why what was asked of a conversation was refused. */
  refused = new SvelteMap<SessionId | null, ErrorInfo>();
  /** Conversations with a command on its way. */
  busy = new SvelteSet<SessionId | null>();
  /** Conversations that are being stopped in mid-sentence. */
  stopping = new SvelteMap<SessionId, RequestId>();
  /** The participants and rules of one that does not exist yet; null before a person looked at it. */
  draft = $state.raw<ConversationSetup | null>(null);
  #tasks = new SvelteMap<SessionId, RequestId>();
  /** Tasks that ended, the last ones: a run may be over before its command has answered. */
  #ended = new Set<RequestId>();

  constructor() {
    onView(({ session, conversation }) => {
      if (conversation) this.byId.set(session.id, conversation);
    });
    onSnapshot((snapshot) => {
      this.#tasks.clear();
      for (const { request_id, subject, state, queued_at } of snapshot.tasks) {
        if (subject.kind !== "conversation" || !subject.session_id || state === "done" || state === "failed") continue;
        this.#tasks.set(subject.session_id, request_id);
        chats.active.set(subject.session_id, new ActiveAnswer(request_id, subject.message_id, queued_at));
      }
    });
    onBody("progress", (progress, { request_id }) => {
      if (progress.type === "queued" || progress.type === "started") {
        const { kind, session_id } = progress.data;
        if (kind === "conversation" && session_id) this.#tasks.set(session_id, request_id);
      } else if (progress.type === "conversation_changed")
        this.byId.set(progress.data.session_id, progress.data.conversation);
    });
    onMessage(({ request_id, body }) => {
      if (body.type === "complete" && body.data.type === "conversation")
        this.byId.set(body.data.data.session_id, body.data.data.conversation);
      if (body.type === "complete" || body.type === "error") this.#end(request_id);
    });
  }

  get(sessionId: SessionId | null): Conversation | undefined {
    return sessionId === null ? undefined : this.byId.get(sessionId);
  }

  /** Whether somebody speaks or is about to. */
  isRunning(sessionId: SessionId): boolean {
    const state = this.byId.get(sessionId)?.state;
    return state === "running" || state === "pausing";
  }

  /** Makes the conversation that is drafted and lets it run: all of it, or so many turns. */
  async create(setup: ConversationSetup, steps: number | null): Promise<void> {
    const view = await this.#ask(null, () => call("conversation_put", { session_id: null, setup }));
    if (!view) return;
    this.draft = null;
    mode.value = "chat";
    this.#take(view);
    if (app.sessionId === null) app.openSession(view.session.id);
    await this.run(view.session.id, steps);
  }

  /** Changes participants or rules of one that does not run. Resolves to whether it was taken. */
  async change(sessionId: SessionId, setup: ConversationSetup): Promise<boolean> {
    const view = await this.#ask(sessionId, () => call("conversation_put", { session_id: sessionId, setup }));
    if (view) this.#take(view);
    return view !== null;
  }

  /** Lets it run: up to its limits, or so many turns. */
  async run(sessionId: SessionId, steps: number | null): Promise<void> {
    if (this.isRunning(sessionId)) return;
    const task = await this.#ask(sessionId, () => call("conversation_run", { session_id: sessionId, steps }));
    // It may have ended by now; its own messages have said so then.
    if (task && !this.#ended.has(task.request_id)) {
      this.#tasks.set(sessionId, task.request_id);
      this.#become(sessionId, "running");
    }
  }

  /** Lets the present turn end, and then nobody speak. */
  async pause(sessionId: SessionId): Promise<void> {
    const paused = await this.#ask(sessionId, () => call("conversation_pause", { session_id: sessionId }));
    if (paused && this.byId.get(sessionId)?.state === "running") this.#become(sessionId, "pausing");
  }

  /** Stops it in mid-sentence; what is written stays. */
  async stop(sessionId: SessionId): Promise<void> {
    const request_id = this.#tasks.get(sessionId);
    if (request_id === undefined || this.stopping.has(sessionId)) return;
    this.stopping.set(sessionId, request_id);
    try {
      await call("task_cancel", { request_id });
    } catch (thrown) {
      this.stopping.delete(sessionId);
      toasts.error(thrown);
    }
  }

  /** Says a line before the next turn, which all hear or only one. The draft comes back if it is refused. */
  async say(sessionId: SessionId, text: string, audience: number | null): Promise<void> {
    if (text.trim() === "" || this.busy.has(sessionId)) return;
    const draft = drafts.text(sessionId);
    drafts.setText(sessionId, "");
    const view = await this.#ask(sessionId, () => call("conversation_say", { session_id: sessionId, text, audience }));
    if (view) this.#take(view);
    else if (drafts.text(sessionId) === "") drafts.setText(sessionId, draft);
  }

  #end(requestId: RequestId): void {
    this.#ended.add(requestId);
    const [oldest] = this.#ended;
    if (this.#ended.size > 64 && oldest !== undefined) this.#ended.delete(oldest);
    for (const [sessionId, task] of this.#tasks) {
      if (task !== requestId) continue;
      this.#tasks.delete(sessionId);
      this.stopping.delete(sessionId);
      // What it came to, with the text up to where it ended.
      void this.#read(sessionId);
    }
  }

  async #read(sessionId: SessionId): Promise<void> {
    if (chats.thread(sessionId)) return chats.reload(sessionId);
    try {
      announceView(await call("session_get", { session_id: sessionId, last: null }));
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  #take(view: SessionView): void {
    chats.sessions.set(view.session.id, view.session);
    chats.take(view);
  }

  #become(sessionId: SessionId, state: Conversation["state"]): void {
    const known = this.byId.get(sessionId);
    if (known) this.byId.set(sessionId, { ...known, state });
  }

  async #ask<T>(place: SessionId | null, run: () => Promise<T>): Promise<T | null> {
    this.busy.add(place);
    this.refused.delete(place);
    try {
      return await run();
    } catch (thrown) {
      this.refused.set(place, toErrorInfo(thrown));
      return null;
    } finally {
      this.busy.delete(place);
    }
  }
}

/** The conversations between models. */
export const conversations = new ConversationsState();
