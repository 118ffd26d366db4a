import { SvelteMap } from "svelte/reactivity";
import type { Attachment, CompareColumn, ErrorInfo, HostId, Session, SessionId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onMessage, onSnapshot } from "../ipc/events";
import { app } from "./app.svelte";
import { attachments } from "./attachments.svelte";
import { chats } from "./chats.svelte";
import { drafts, type Place } from "./drafts.svelte";
import { mode } from "./mode.svelte";
import { findServed, proposed } from "./served";
import { toasts } from "./toasts.svelte";
import { onView } from "./views";

/** The least and the most columns of a comparison. */
export const COLUMNS = { min: 2, max: 4 } as const;

/** Comparisons: several models answer the same, each in a conversation of its own. */
class CompareState {
  /** Why the comparison that is being made was refused. */
  refused = $state.raw<ErrorInfo | null>(null);
  starting = $state(false);
  #draft = $state.raw<CompareColumn[]>([]);
  #columns = new SvelteMap<SessionId, Session[]>();
  #apart = new SvelteMap<Place, boolean>();

  constructor() {
    onView(({ session, columns }) => {
      if (session.kind !== "compare") return;
      this.#columns.set(session.id, columns);
      for (const column of columns) chats.sessions.set(column.id, column);
      if (app.sessionId === session.id) this.#showColumns(session.id);
    });
    // The list of conversations leaves columns out; the ones that are known stay known.
    onSnapshot(() => {
      for (const columns of this.#columns.values())
        for (const column of columns) chats.sessions.set(column.id, column);
    });
  }

  /** Who would answer in a comparison that does not exist yet: chosen, else the first two there are. */
  get draft(): CompareColumn[] {
    if (this.#draft.length > 0) return this.#draft;
    const all = proposed().map(({ hostId, model }) => ({ host_id: hostId, model }));
    const [first] = all;
    return first && all.length < COLUMNS.min ? [first, first] : all.slice(0, COLUMNS.min);
  }

  set draft(columns: CompareColumn[]) {
    this.#draft = columns.slice(0, COLUMNS.max);
  }

  /** The columns of a comparison, in order, as they are now. */
  columns(headId: SessionId): Session[] {
    return (this.#columns.get(headId) ?? []).map((column) => chats.sessions.get(column.id) ?? column);
  }

  /** Columns whose answer is being made. */
  running(headId: SessionId): Session[] {
    return this.columns(headId).filter(({ id }) => chats.active.has(id) || chats.sending.has(id));
  }

  /** Whether each column is sampled as it was set, instead of all alike. */
  apart(place: Place): boolean {
    return this.#apart.get(place) ?? false;
  }

  setApart(place: Place, apart: boolean): void {
    this.#apart.set(place, apart);
  }

  /** Makes a comparison and its columns ready to be shown. */
  async show(headId: SessionId): Promise<void> {
    await chats.show(headId);
    this.#showColumns(headId);
  }

  /** Makes the comparison that is drafted and asks its first question. Resolves to whether it exists. */
  async start(text: string): Promise<boolean> {
    if (this.starting || !isWritten(null, text)) return false;
    this.starting = true;
    this.refused = null;
    try {
      const view = await call("compare_start", { columns: this.draft });
      const { id } = view.session;
      chats.sessions.set(id, view.session);
      chats.take(view);
      this.#draft = [];
      this.setApart(id, this.apart(null));
      mode.value = "chat";
      drafts.setText(null, "");
      drafts.move(id);
      if (app.sessionId === null) app.openSession(id);
      this.send(id, text);
      return true;
    } catch (thrown) {
      this.refused = toErrorInfo(thrown);
      return false;
    } finally {
      this.starting = false;
    }
  }

  /** Asks all columns at once. One that does not take the question keeps it and its files as its draft. */
  send(headId: SessionId, text: string): void {
    if (!isWritten(headId, text) || this.running(headId).length > 0) return;
    drafts.setText(headId, "");
    const files = attachments.take(headId);
    for (const column of this.columns(headId)) {
      if (!this.apart(headId)) drafts.setSampling(column.id, drafts.sampling(headId));
      void this.#send(column, text, files);
    }
  }

  /** Asks one column once more what it did not take. */
  resend(columnId: SessionId): void {
    const column = chats.sessions.get(columnId);
    if (column) void this.#send(column, drafts.text(columnId), attachments.take(columnId));
  }

  /** Answers the last question of a column again, with another model if one is named. */
  async retry(columnId: SessionId, choice?: { hostId: HostId; model: string | null }): Promise<void> {
    const column = chats.sessions.get(columnId);
    const answering = choice ?? (column && answererOf(column));
    if (!column || !answering) return;
    await this.#stopped(columnId);
    const { hostId, model } = answering;
    drafts.setHost(columnId, hostId, model);
    if (chats.refused.has(columnId)) await sendFrom(columnId, hostId, drafts.text(columnId), attachments.take(columnId));
    else await chats.retry(columnId, hostId);
  }

  stopAll(headId: SessionId): void {
    for (const { id } of this.columns(headId)) void chats.stop(id);
  }

  /** Goes on with one column as a conversation of its own. */
  async take(columnId: SessionId): Promise<void> {
    try {
      const session = await call("compare_take", { session_id: columnId });
      for (const [head, columns] of this.#columns)
        if (columns.some(({ id }) => id === columnId))
          this.#columns.set(head, columns.filter(({ id }) => id !== columnId));
      chats.sessions.set(session.id, session);
      app.openSession(session.id);
      app.composerFocus += 1;
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  async #send(column: Session, text: string, files: Attachment[]): Promise<void> {
    const answering = answererOf(column);
    if (!answering) return;
    drafts.setHost(column.id, answering.hostId, answering.model);
    await sendFrom(column.id, answering.hostId, text, files);
  }

  /** Resolves when a column's answer has ended; stops it if it has not. */
  async #stopped(columnId: SessionId): Promise<void> {
    const answer = chats.active.get(columnId);
    if (!answer) return;
    const ended = new Promise<void>((resolve) => {
      const forget = onMessage(({ request_id, body }) => {
        if (request_id !== answer.requestId || (body.type !== "complete" && body.type !== "error")) return;
        forget();
        resolve();
      });
    });
    await chats.stop(columnId);
    await ended;
  }

  #showColumns(headId: SessionId): void {
    for (const { id } of this.columns(headId)) void chats.show(id);
  }
}

/** Whether there is something to ask. */
function isWritten(place: Place, text: string): boolean {
  return text.trim() !== "" || attachments.ready(place).length > 0;
}

/** Sends a message of a column; files that it does not take stay beside its draft. */
async function sendFrom(columnId: SessionId, hostId: HostId, text: string, files: Attachment[]): Promise<void> {
  const taken = await chats.send(columnId, hostId, text, { attachments: files.map(({ id }) => id) });
  if (!taken) attachments.bring(columnId, files);
}

/** Who answers in a column: the name that its server knows the model by. */
function answererOf({ host_id, model }: Session): { hostId: HostId; model: string | null } | null {
  if (host_id === null) return null;
  const known = findServed({ host_id, model });
  return { hostId: host_id, model: known ? known.model : model };
}

/** The comparisons. */
export const compare = new CompareState();
