import { number } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import type { ContextUse as Measured } from "../../ipc/bindings";
import type { Thread } from "../../state/thread.svelte";

/** How full the context is: well, nearly full, about to overflow. */
export type ContextLevel = "fine" | "near" | "full";

const NEAR = 0.8;
const FULL = 0.95;

/** What a conversation takes of the context window, in tokens. */
export interface ContextUse {
  prompt: number;
  answer: number;
  /** The window, if the server tells it. */
  size: number | null;
  /** 0 to 1 and beyond; null where the window is not known. */
  share: number | null;
  level: ContextLevel;
  /** Whether the engine counted; else they are estimated. */
  exact: boolean;
}

function use(prompt: number, answer: number, size: number | null, exact: boolean): ContextUse {
  const share = size ? (prompt + answer) / size : null;
  const level = share === null || share < NEAR ? "fine" : share < FULL ? "near" : "full";
  return { prompt, answer, size, share, level, exact };
}

/** What was measured of the next message, else what the last answer took; null until either is known. */
export function contextUse(
  thread: Thread | undefined,
  size: number | null,
  measured: Measured | null = null,
): ContextUse | null {
  if (measured) return use(measured.prompt_tokens, 0, measured.context_size ?? size, measured.exact);
  const counted = thread?.messages.findLast(({ role, stats }) => role === "assistant" && stats.prompt_tokens !== null);
  if (!counted || counted.stats.prompt_tokens === null) return null;
  // What was left out since then is not sent any more.
  const newer = thread?.compactions.findLast(
    ({ until, created_at }) => thread.get(until) !== undefined && created_at > counted.createdAt,
  );
  const less = newer ? newer.tokens_before - newer.tokens_after : 0;
  const prompt = Math.max(0, counted.stats.prompt_tokens - less);
  return use(prompt, counted.stats.completion_tokens ?? 0, counted.stats.context_size ?? size, !newer);
}

/** `11,824 of 32,768 tokens`, or only the first where the window is not known; empty at first. */
export function contextWords(known: ContextUse | null): string {
  if (!known) return "";
  const used = number(known.prompt + known.answer);
  const count = known.size ?? known.prompt + known.answer;
  const value = known.size === null ? used : m.chat_context_of({ used, size: number(known.size) });
  return m.units_tokens({ count, value });
}
