import { number } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import type { Thread } from "../../state/thread.svelte";

/** What the last answer took of the context window, in tokens, as the engine counted. */
export interface ContextUse {
  prompt: number;
  answer: number;
  /** The window, if the server tells it. */
  size: number | null;
}

/** Null until an answer has told its figures. */
export function contextUse(thread: Thread | undefined, size: number | null): ContextUse | null {
  const counted = thread?.messages.findLast(({ role, stats }) => role === "assistant" && stats.prompt_tokens !== null);
  if (!counted || counted.stats.prompt_tokens === null) return null;
  return { prompt: counted.stats.prompt_tokens, answer: counted.stats.completion_tokens ?? 0, size };
}

/** `11,824 of 32,768 tokens`, or only the first where the window is not known; empty at first. */
export function contextWords(thread: Thread | undefined, size: number | null): string {
  const use = contextUse(thread, size);
  if (!use) return "";
  const used = number(use.prompt + use.answer);
  const count = use.size ?? use.prompt + use.answer;
  const value = use.size === null ? used : m.chat_context_of({ used, size: number(use.size) });
  return m.units_tokens({ count, value });
}
