import type { HostView } from "../../ipc/bindings";
import { milliseconds, number, percent, tokensPerSecond } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import { hostName } from "../../state/host-name";
import type { ChatMessage } from "../../state/thread.svelte";
import { writerName } from "./host-words";

/** A figure of an answer with its name. */
export interface StatisticsRow {
  key: string;
  value: string;
}

/** Why an answer ended, in words; what the engine says where that is nothing we know. */
export function finishWords(message: ChatMessage): string {
  if (message.state === "stopped") return m.thread_finish_stopped();
  if (message.state === "failed") return m.thread_finish_failed();
  if (message.state === "interrupted") return m.thread_finish_interrupted();
  switch (message.stats.finish_reason) {
    case null:
      return "";
    case "stop":
    case "eos":
      return m.thread_finish_stop();
    case "length":
      return m.thread_finish_length();
    case "content_filter":
      return m.thread_finish_filter();
    default:
      return message.stats.finish_reason;
  }
}

/** All that is known about how an answer was made; what is not known is left out. */
export function statisticsOf(message: ChatMessage, view: HostView | undefined): StatisticsRow[] {
  const { stats } = message;
  const rows: StatisticsRow[] = [];
  const add = (key: string, value: string | null): void => {
    if (value) rows.push({ key, value });
  };
  const known = <T>(value: T | null, words: (value: T) => string): string | null => (value === null ? null : words(value));
  add(m.thread_stat_model(), message.model ? writerName(message.model, view) : null);
  add(m.thread_stat_server(), view ? hostName(view.host) : message.hostId);
  add(m.thread_stat_queue(), known(stats.queue_ms, milliseconds));
  add(m.thread_stat_first_token(), known(stats.first_token_ms, milliseconds));
  add(m.thread_stat_reasoning(), known(stats.reasoning_ms, milliseconds));
  add(m.thread_stat_total(), known(stats.total_ms, milliseconds));
  add(m.thread_stat_in(), known(stats.prompt_tokens, number));
  add(m.thread_stat_cached(), known(stats.cached_tokens, number));
  add(m.thread_stat_prompt_speed(), known(stats.prompt_tokens_per_second, tokensPerSecond));
  add(m.thread_stat_out(), known(stats.completion_tokens, number));
  add(m.thread_stat_speed(), known(stats.tokens_per_second, tokensPerSecond));
  if (stats.context_size && stats.prompt_tokens !== null) {
    const used = stats.prompt_tokens + (stats.completion_tokens ?? 0);
    const share = percent(used / stats.context_size);
    add(m.thread_stat_context(), m.thread_stat_context_of({ used: number(used), size: number(stats.context_size), share }));
  }
  add(m.thread_stat_finish(), finishWords(message));
  return rows;
}
