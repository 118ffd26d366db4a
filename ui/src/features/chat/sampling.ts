import type { EngineKind, Sampling } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";

/** The settings that are a number. */
export type NumberKey = "temperature" | "top_p" | "top_k" | "min_p" | "repeat_penalty" | "max_tokens" | "seed";

/** A setting that is a number, with what it may be. */
export interface Range {
  key: NumberKey;
  label: () => string;
  min: number;
  max: number;
  fractional: boolean;
}

/** The settings that are a number, the ones used most first. */
export const RANGES: readonly Range[] = [
  { key: "temperature", label: m.chat_temperature, min: 0, max: 2, fractional: true },
  { key: "top_p", label: m.chat_top_p, min: 0, max: 1, fractional: true },
  { key: "top_k", label: m.chat_top_k, min: 0, max: 100_000, fractional: false },
  { key: "min_p", label: m.thread_min_p, min: 0, max: 1, fractional: true },
  { key: "repeat_penalty", label: m.thread_repeat_penalty, min: 0, max: 2, fractional: true },
  { key: "max_tokens", label: m.chat_max_tokens, min: 1, max: 131_072, fractional: false },
  { key: "seed", label: m.thread_seed, min: 0, max: 4_294_967_295, fractional: false },
];

const NOTHING: ReadonlySet<keyof Sampling> = new Set();
const IGNORED: Partial<Record<EngineKind, ReadonlySet<keyof Sampling>>> = {
  vllm: new Set(["grammar"]),
  mlx: new Set(["json_schema", "grammar"]),
  ollama: new Set(["top_k", "min_p", "repeat_penalty", "grammar"]),
};

/** What an engine does not heed, as far as is known. */
export function ignoredBy(engine: EngineKind | null): ReadonlySet<keyof Sampling> {
  return (engine && IGNORED[engine]) || NOTHING;
}

const STOPS = 4;

/** Why a setting that is a text cannot be used, in a sentence. */
export function problemsOf(sampling: Sampling): { stop?: string; schema?: string; grammar?: string } {
  return {
    ...(sampling.stop.length > STOPS ? { stop: m.thread_sampling_stop_many() } : {}),
    ...(sampling.json_schema !== null && !isSchema(sampling.json_schema) ? { schema: m.thread_sampling_schema_wrong() } : {}),
    ...(sampling.json_schema !== null && sampling.grammar !== null ? { grammar: m.thread_sampling_one_of_two() } : {}),
  };
}

function isSchema(words: string): boolean {
  try {
    const parsed: unknown = JSON.parse(words);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}
