import { m } from "../../../paraglide/messages.js";
import type { ActiveAnswer } from "../../../state/answer.svelte";
import { chats } from "../../../state/chats.svelte";
import { connections } from "../../../state/connections.svelte";
import { hostName } from "../../../state/host-name";
import { hosts } from "../../../state/hosts.svelte";
import { findServed } from "../../../state/served";
import type { ChatMessage } from "../../../state/thread.svelte";
import type { HostId, Session, SessionId } from "../../../ipc/bindings";

/** Where a column is. */
export type ColumnState = "ready" | "waiting" | "writing" | "stopping" | "done" | "stopped" | "failed";

/** A column as it is now. */
export interface ColumnView {
  state: ColumnState;
  /** Its last answer. */
  message: ChatMessage | undefined;
  /** What makes it, while it is being made. */
  active: ActiveAnswer | undefined;
}

/** Reads stores, so it follows them where Svelte watches. */
export function columnView(columnId: SessionId): ColumnView {
  const message = chats.thread(columnId)?.last("assistant");
  const active = chats.active.get(columnId);
  return { state: stateOf(columnId, message, active), message, active };
}

function stateOf(columnId: SessionId, message: ChatMessage | undefined, active: ActiveAnswer | undefined): ColumnState {
  if (chats.sending.has(columnId)) return "waiting";
  if (active?.phase === "stopping") return "stopping";
  // After the window was loaded anew the text is here before the next piece.
  if (active) return active.firstPieceAt !== null || hasText(message) ? "writing" : "waiting";
  if (chats.refused.has(columnId)) return "failed";
  switch (message?.state) {
    case undefined:
      return "ready";
    case "failed":
    case "interrupted":
      return "failed";
    case "stopped":
      return "stopped";
    default:
      return "done";
  }
}

function hasText(message: ChatMessage | undefined): boolean {
  return message?.state === "streaming" && (message.content !== "" || message.reasoning !== "");
}

/** What a column is called: its model and its server. */
export function columnNames({ host_id, model }: Session): { model: string; host: string } {
  const view = hosts.get(host_id);
  const known = host_id === null ? undefined : findServed({ host_id, model });
  const isSame = known && (known.model === model || known.model === null);
  const label = isSame && view?.deployment?.practice ? known.label : (model ?? known?.label ?? "");
  return { model: label, host: view ? hostName(view.host) : "" };
}

/** What keeps these models from taking pictures, and what might go wrong; both may be empty. */
export function sightOf(columns: readonly { host_id: HostId | null; model: string | null }[]): { blind: string; doubt: string } {
  const models = columns.flatMap(({ host_id, model }) => (host_id === null ? [] : (findServed({ host_id, model }) ?? [])));
  const blind = models.find(({ vision }) => vision === false);
  const unknown = models.find(({ vision }) => vision === null);
  return {
    blind: blind ? m.thread_files_blind({ model: blind.label }) : "",
    doubt: unknown ? m.thread_files_doubt({ model: unknown.label }) : "",
  };
}

/** Which columns were the fastest, where several can be compared. */
export interface Fastest {
  speed: SessionId | null;
  first: SessionId | null;
}

/** Of answers that are whole: figures that still move would let the mark jump. */
export function fastestOf(columns: readonly Session[]): Fastest {
  const ended = columns.flatMap(({ id }) => {
    const { state, message } = columnView(id);
    return state === "done" && message ? [{ id, stats: message.stats }] : [];
  });
  return {
    speed: best(ended.map(({ id, stats }) => [id, stats.tokens_per_second === null ? null : -stats.tokens_per_second])),
    first: best(ended.map(({ id, stats }) => [id, stats.first_token_ms])),
  };
}

/** The one with the least value; null unless at least two have one, and one is ahead. */
function best(values: readonly (readonly [SessionId, number | null])[]): SessionId | null {
  const known = values.flatMap(([id, value]) => (value === null ? [] : [{ id, value }])).sort((a, b) => a.value - b.value);
  const [first, second] = known;
  return first && second && first.value < second.value ? first.id : null;
}

/** What keeps a column waiting at its server. */
export interface Wait {
  /** Slots that the server has, and that are taken; null where it does not tell. */
  slots: { total: number; busy: number } | null;
  /** Answers of this program that its server makes now. */
  ours: { id: SessionId; title: string; since: number }[];
  /** Requests of others there. */
  others: number;
  /** Its place among the answers of this program that wait there, from 1. */
  place: number;
}

/** Null when nothing is known to stand before it. */
export function waitOf({ id, host_id }: Session): Wait | null {
  if (host_id === null) return null;
  const mine = chats.active.get(id);
  const there = [...chats.active].filter(([other]) => other !== id && hostOf(other) === host_id);
  const isAhead = (answer: ActiveAnswer) => !mine || answer.startedAt <= mine.startedAt;
  const writing = there.filter(([other, answer]) => answer.firstPieceAt !== null || columnView(other).state === "writing");
  const waiting = there.filter((entry) => !writing.includes(entry) && isAhead(entry[1]));
  const gauges = connections.get(host_id)?.gauges;
  const total = gauges?.slots_total ?? null;
  const busy = gauges?.slots_busy ?? null;
  const slots = total === null || busy === null ? null : { total, busy };
  const isFull = slots !== null && slots.busy >= slots.total;
  if (!isFull && writing.length === 0 && waiting.length === 0) return null;
  const ours = writing.map(([other, { startedAt }]) => ({ id: other, title: titleOf(other), since: startedAt }));
  return { slots, ours, others: Math.max(0, (slots?.busy ?? 0) - ours.length), place: waiting.length + 1 };
}

/** The host that an answer in the making comes from. */
function hostOf(sessionId: SessionId): HostId | null {
  return chats.thread(sessionId)?.last("assistant")?.hostId ?? chats.sessions.get(sessionId)?.host_id ?? null;
}

function titleOf(sessionId: SessionId): string {
  const session = chats.sessions.get(sessionId);
  const head = session?.group_id ? chats.sessions.get(session.group_id) : session;
  return head?.title ?? "";
}
