import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type {
  ChatStarted,
  Chunk,
  ErrorInfo,
  HostId,
  MessageId,
  RequestId,
  Session,
  SessionId,
  SessionView,
  TaskSubject,
} from "../ipc/bindings";
import { call, NOTHING } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onBody, onMessage, onSnapshot } from "../ipc/events";
import { m } from "../paraglide/messages.js";
import { ActiveAnswer, Endings, type Ending } from "./answer.svelte";
import { app } from "./app.svelte";
import { drafts, type Place } from "./drafts.svelte";
import { flushFrame } from "./frame";
import { queue } from "./queue.svelte";
import { chatRequest, modelFor, type Enclosed } from "./requests";
import { Thread, type ChatMessage } from "./thread.svelte";
import { Threads } from "./threads.svelte";
import { toasts } from "./toasts.svelte";
import { announceView } from "./views";

/** An answer that ended while the window watched, for those who listen instead of looking. */
export interface FinishedAnswer {
  sessionId: SessionId;
  message: ChatMessage;
}

/** The conversations, their messages, and the answers being written. */
class ChatState {
  sessions = new SvelteMap<SessionId, Session>();
  /** Answers in the making, by conversation. */
  active = new SvelteMap<SessionId, ActiveAnswer>();
  /** Conversations whose last answer failed, as far as this window has seen. */
  failed = new SvelteSet<SessionId>();
  /** Conversations with an answer that ended unseen. */
  unread = new SvelteSet<SessionId>();
  finished = $state.raw<FinishedAnswer | null>(null);
  ready = $state(false);

  /** Places where a message is on its way to the backend. */
  sending = new SvelteSet<Place>();
  /** Why the last message of a place was not taken. */
  refused = new SvelteMap<Place, ErrorInfo>();

  #ordered = $derived(
    [...this.sessions.values()].filter((one) => one.group_id === null).sort((a, b) => b.updated_at - a.updated_at),
  );
  #threads = new Threads({
    session: (id) => this.sessions.get(id),
    isActive: (id) => this.active.has(id),
    take: (view) => this.take(view),
  });
  #endings = new Endings();

  constructor() {
    onSnapshot((snapshot) => {
      this.sessions.clear();
      for (const session of snapshot.sessions) this.sessions.set(session.id, session);
      this.active.clear();
      for (const task of snapshot.tasks)
        if (task.state !== "done" && task.state !== "failed")
          this.#activate(task.request_id, task.subject, task.started_at ?? task.queued_at);
      this.ready = true;
      // What was missed is in the database: threads are read again when they are next looked at.
      for (const id of this.#threads.ids())
        if (id === app.sessionId) void this.#threads.read(id);
        else this.#threads.delete(id);
    });
    onBody("progress", (progress, message) => {
      if (progress.type === "queued" || progress.type === "started")
        this.#activate(message.request_id, progress.data, message.timestamp);
      else if (progress.type === "chat_phase") this.#answering(message.request_id)?.[1].enter(progress.data);
      else if (progress.type === "turn_began") this.#began(progress.data);
      else if (progress.type === "thread_changed") this.#changed(progress.data);
    });
    onBody("chunk", (chunk, message) => this.#takeChunk(chunk, message.timestamp));
    onMessage(({ request_id, body, timestamp }) => {
      if (body.type === "complete" || body.type === "error") this.#end(request_id, body, timestamp);
    });
  }

  /** The conversations, the one that changed last first; columns of comparisons are parts of theirs. */
  get ordered(): Session[] {
    return this.#ordered;
  }

  /** The messages of a conversation, once {@link show} was called for it. */
  thread(sessionId: SessionId): Thread | undefined {
    return this.#threads.get(sessionId);
  }

  /** Makes a conversation ready to be shown; resolves when all of it is there. */
  async show(sessionId: SessionId): Promise<void> {
    this.unread.delete(sessionId);
    await this.#threads.show(sessionId);
  }

  /**
   * Sends a message, or queues it while an answer is written. The draft is cleared at once and comes
   * back if the backend does not take it. Resolves to whether it was taken.
   */
  async send(place: Place, hostId: HostId, text: string, enclosed: Enclosed = {}): Promise<boolean> {
    const isEmpty = text.trim() === "" && (enclosed.attachments ?? []).length === 0;
    if (isEmpty || this.sending.has(place)) return false;
    const request = chatRequest(place, hostId, text, enclosed);
    const isDraft = !enclosed.replaces;
    if (isDraft) drafts.setText(place, "");
    const taken =
      place !== null && this.active.has(place) && isDraft
        ? await this.#try(place, () => queue.put(place, request))
        : await this.#start(place, () => call("chat_send", request));
    if (!taken && isDraft && drafts.text(place) === "") drafts.setText(place, text);
    return taken;
  }

  /** Answers the question before an answer once more; the answers stand beside each other. */
  async retry(sessionId: SessionId, hostId: HostId, messageId: MessageId | null = null): Promise<boolean> {
    return this.#again("chat_retry", sessionId, hostId, messageId);
  }

  /** Goes on writing an answer that broke, was stopped or cut. */
  async goOn(sessionId: SessionId, hostId: HostId, messageId: MessageId | null = null): Promise<boolean> {
    return this.#again("chat_continue", sessionId, hostId, messageId);
  }

  /** Reads a conversation again, if somebody looks at it. */
  async reload(sessionId: SessionId): Promise<void> {
    if (this.#threads.has(sessionId)) await this.#threads.read(sessionId);
  }

  /** Stops the answer of a conversation; what is written stays. */
  async stop(sessionId: SessionId): Promise<void> {
    const answer = this.active.get(sessionId);
    if (!answer || answer.phase === "stopping") return;
    const before = answer.phase;
    answer.phase = "stopping";
    try {
      await call("task_cancel", { request_id: answer.requestId });
    } catch (thrown) {
      answer.phase = before;
      toasts.error(thrown);
    }
  }

  async rename(sessionId: SessionId, title: string): Promise<void> {
    const before = this.sessions.get(sessionId);
    const next = title.trim().slice(0, 200);
    if (!before || next === "" || next === before.title) return;
    this.sessions.set(sessionId, { ...before, title: next });
    await this.#change(before, () => call("session_rename", { session_id: sessionId, title: next }));
  }

  async pin(sessionId: SessionId, pinned: boolean): Promise<void> {
    const before = this.sessions.get(sessionId);
    if (!before) return;
    this.sessions.set(sessionId, { ...before, pinned });
    await this.#change(before, () => call("session_pin", { session_id: sessionId, pinned }));
  }

  /** Deletes a conversation; a note offers to bring it back for ten seconds. */
  async remove(sessionId: SessionId): Promise<void> {
    const session = this.sessions.get(sessionId);
    if (!session) return;
    this.sessions.delete(sessionId);
    const wasOpen = app.sessionId === sessionId;
    if (wasOpen) app.sessionId = null;
    try {
      await call("session_delete", { session_id: sessionId });
    } catch (thrown) {
      this.sessions.set(sessionId, session);
      toasts.error(thrown);
      return;
    }
    this.#threads.delete(sessionId);
    this.failed.delete(sessionId);
    this.unread.delete(sessionId);
    toasts.undo(
      () => m.chat_deleted({ title: session.title }),
      () => m.app_undo(),
      async () => {
        const restored = await call("session_restore", { session_id: sessionId });
        this.sessions.set(sessionId, restored);
        if (wasOpen && app.sessionId === null) app.openSession(sessionId);
      },
    );
  }

  /** Shows a change at once and takes it back if the backend refuses. */
  async #change(before: Session, run: () => Promise<Session>): Promise<void> {
    try {
      this.sessions.set(before.id, await run());
    } catch (thrown) {
      this.sessions.set(before.id, before);
      toasts.error(thrown);
    }
  }

  async #again(
    command: "chat_retry" | "chat_continue",
    session_id: SessionId,
    host_id: HostId,
    message_id: MessageId | null,
  ): Promise<boolean> {
    if (this.sending.has(session_id) || this.active.has(session_id)) return false;
    const how = { model: modelFor(session_id, host_id), settings: drafts.settings(session_id) };
    return this.#start(session_id, () => call(command, { session_id, message_id, host_id, ...how }));
  }

  async #start(place: Place, run: () => Promise<ChatStarted>): Promise<boolean> {
    return this.#try(place, async () => this.#started(place, await run()));
  }

  /** Does what a person asked of a place; a refusal is kept for them to read. */
  async #try(place: Place, run: () => Promise<void>): Promise<boolean> {
    this.sending.add(place);
    this.refused.delete(place);
    try {
      await run();
      return true;
    } catch (thrown) {
      this.refused.set(place, toErrorInfo(thrown));
      return false;
    } finally {
      this.sending.delete(place);
    }
  }

  /** A turn that this window did not ask for: from the queue, or from another window. */
  #began(started: ChatStarted): void {
    const thread = this.#threads.get(started.session.id);
    if (thread?.get(started.answer.id)?.requestId === started.request_id) return;
    this.sessions.set(started.session.id, started.session);
    this.failed.delete(started.session.id);
    if (thread?.status === "ready") thread.begin(started.user_message, started.answer);
    const active = this.active.get(started.session.id);
    if (this.#endings.get(started.request_id) || active?.messageId === started.answer.id) return;
    // One task may write several answers, one after the other: the one before is over then.
    const before = active?.messageId ? thread?.get(active.messageId) : undefined;
    if (before?.state === "streaming") {
      before.state = "complete";
      void this.#threads.read(started.session.id);
    }
    const since = active?.messageId === null ? active.startedAt : started.answer.created_at;
    this.active.set(started.session.id, new ActiveAnswer(started.request_id, started.answer.id, since));
  }

  /** What a conversation shows has changed elsewhere: read again when somebody looks at it. */
  #changed(sessionId: SessionId): void {
    if (!this.#threads.has(sessionId)) return;
    const isShown = app.sessionId === sessionId || this.active.has(sessionId);
    if (isShown || this.sessions.get(sessionId)?.group_id) void this.#threads.read(sessionId);
    else this.#threads.delete(sessionId);
  }

  #started(place: Place, { request_id, session, user_message, answer }: ChatStarted): void {
    this.sessions.set(session.id, session);
    this.failed.delete(session.id);
    const thread = this.#threads.get(session.id) ?? new Thread(session.id);
    const isWhole = this.#threads.has(session.id) || place === null;
    this.#threads.keep(thread);
    thread.begin(user_message, answer);
    if (!isWhole) void this.#threads.read(session.id);
    // The person may have gone elsewhere in the meantime, or have written on.
    if (place === null && app.sessionId === null) {
      drafts.move(session.id);
      app.sessionId = session.id;
    }
    const ending = this.#endings.get(request_id);
    if (ending) this.#finish(session.id, answer.id, ending);
    else if (this.active.get(session.id)?.messageId !== answer.id)
      this.active.set(session.id, new ActiveAnswer(request_id, answer.id, answer.created_at));
  }

  #activate(requestId: RequestId, subject: TaskSubject, at: number): void {
    if (subject.kind !== "chat" || !subject.session_id || this.#endings.get(requestId)) return;
    if (this.active.get(subject.session_id)?.requestId === requestId) return;
    // An answer that is gone on with is written again from where it ended.
    const message = subject.message_id ? this.#threads.get(subject.session_id)?.get(subject.message_id) : undefined;
    if (message) message.state = "streaming";
    this.active.set(subject.session_id, new ActiveAnswer(requestId, subject.message_id, at));
    // Begun elsewhere, for example by another program on the same data.
    if (!this.sessions.has(subject.session_id) && !this.sending.has(null)) void this.#reloadSessions();
  }

  #answering(requestId: RequestId): [SessionId, ActiveAnswer] | undefined {
    for (const entry of this.active) if (entry[1].requestId === requestId) return entry;
    return undefined;
  }

  #takeChunk(chunk: Chunk, timestamp: number): void {
    this.active.get(chunk.session_id)?.countPiece(timestamp);
    const thread = this.#threads.get(chunk.session_id);
    // After a failed reading the end of the answer is waited for, not every piece.
    if (thread?.receive(chunk) === "gap" && thread.error === null) void this.#threads.read(chunk.session_id);
  }

  #end(requestId: RequestId, ending: Ending, timestamp: number): void {
    const found = this.#answering(requestId);
    const isChat = found ?? (ending.type === "complete" && ending.data.type === "chat");
    if (!isChat && this.sending.size === 0) return;
    this.#endings.add(requestId, ending);
    if (!found) return;
    const [sessionId, answer] = found;
    this.active.delete(sessionId);
    const session = this.sessions.get(sessionId);
    if (session) this.sessions.set(sessionId, { ...session, updated_at: timestamp });
    this.#finish(sessionId, answer.messageId, ending);
  }

  /** Writes the terminal message into the answer. */
  #finish(sessionId: SessionId, messageId: MessageId | null, ending: Ending): void {
    flushFrame();
    const isFailure = ending.type === "error" && ending.data.code !== "cancelled";
    if (isFailure) this.failed.add(sessionId);
    else this.failed.delete(sessionId);
    if (app.sessionId !== sessionId || app.section !== "chats") this.unread.add(sessionId);
    const thread = this.#threads.get(sessionId);
    const message = messageId ? thread?.get(messageId) : undefined;
    if (!message) return;
    if (ending.type === "error") {
      message.state = isFailure ? "failed" : "stopped";
      message.error = isFailure ? ending.data : null;
    } else if (ending.data.type === "chat") {
      message.state = ending.data.data.stopped ? "stopped" : "complete";
      message.stats = ending.data.data.stats;
    } else {
      message.state = "complete";
      void this.#threads.read(sessionId);
    }
    this.finished = { sessionId, message };
    // Pieces were missed, the answer came whole, or its figures did not come with the error.
    const isPartial = thread?.hasGap === true || (message.content === "" && message.state === "complete");
    if (isPartial || isFailure) void this.#threads.read(sessionId);
  }

  async #reloadSessions(): Promise<void> {
    const list = await call("session_list", NOTHING).catch((thrown: unknown) => void toasts.error(thrown));
    for (const session of list ?? []) this.sessions.set(session.id, session);
  }

  /** Takes a conversation as the backend has it, with all that stands around its messages. */
  take(view: SessionView): void {
    const { session } = view;
    if (this.sessions.has(session.id)) this.sessions.set(session.id, session);
    const thread = this.#threads.get(session.id) ?? new Thread(session.id);
    thread.load(view);
    if (!this.#threads.has(session.id)) this.#threads.keep(thread);
    queue.take(session.id, view.queue);
    drafts.take(view);
    announceView(view);
    const last = view.messages.at(-1);
    if (last?.role === "assistant" && last.state === "failed") this.failed.add(session.id);
    else if (last?.state === "complete") this.failed.delete(session.id);
  }
}

/** The conversations. */
export const chats = new ChatState();
