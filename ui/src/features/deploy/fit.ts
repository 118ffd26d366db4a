import type { ContextFit, Fit, FitVerdict, PlannedDeploy } from "../../ipc/bindings";
import { memoryPart, number } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import type { Share } from "../../shared/ShareBar.svelte";

const MEBIBYTE = 1024 ** 2;
/** Of the free memory, what a model may take before it is called tight. */
const TIGHT = 0.9;

/** What a verdict is called. */
export function verdictWord(verdict: FitVerdict): string {
  switch (verdict) {
    case "fits":
      return m.plan_verdict_fits();
    case "tight":
      return m.plan_verdict_tight();
    case "too_big":
      return m.plan_verdict_too_big();
    case "unknown":
      return m.plan_verdict_unknown();
  }
}

/** The shape beside a verdict. */
export function verdictDot(verdict: FitVerdict): "ok" | "warn" | "error" | "off" {
  return ({ fits: "ok", tight: "warn", too_big: "error", unknown: "off" } as const)[verdict];
}

/** The text role of a verdict. */
export function verdictTone(verdict: FitVerdict): string {
  return { fits: "ok", tight: "warn", too_big: "err", unknown: "dim" }[verdict];
}

/** What was reckoned for a context: that one, else the longest that is not longer. */
export function fitFor(fit: Fit, contextSize: number | null): ContextFit | undefined {
  if (contextSize === null) return fit.contexts[0];
  return fit.contexts.findLast(({ context_size }) => context_size <= contextSize) ?? fit.contexts[0];
}

/** The next longer context that was reckoned with. */
export function longerThan(fit: Fit, contextSize: number): ContextFit | undefined {
  return fit.contexts.find(({ context_size }) => context_size > contextSize);
}

/** Bytes that are left beside a model, below zero when it does not fit; null when that is not known. */
export function leftBeside(fit: Fit, context: ContextFit): number | null {
  return fit.free_bytes === null ? null : fit.free_bytes - context.total_bytes;
}

/** A verdict with its number: what is left, or what is too much. */
export function verdictSentence(fit: Fit, context: ContextFit): string {
  const left = leftBeside(fit, context);
  if (left === null || context.verdict === "unknown") return m.plan_unknown({ total: memoryPart(context.total_bytes) });
  if (context.verdict === "too_big") return m.plan_too_big({ over: memoryPart(Math.max(0, -left)) });
  const inputs = { left: memoryPart(Math.max(0, left)) };
  return context.verdict === "tight" ? m.plan_tight(inputs) : m.plan_fits(inputs);
}

/** What a longer context would take and whether that fits. */
export function longerSentence(context: ContextFit): string {
  const inputs = { tokens: number(context.context_size), total: memoryPart(context.total_bytes) };
  switch (context.verdict) {
    case "fits":
      return m.plan_next_fits(inputs);
    case "tight":
      return m.plan_next_tight(inputs);
    case "too_big":
      return m.plan_next_too_big(inputs);
    case "unknown":
      return m.plan_next_unknown(inputs);
  }
}

/** What the memory would be filled with: the parts of the model, what else is there, what is left. */
export function fitShares(fit: Fit, context: ContextFit): Share[] {
  const share = (key: string, fill: Share["fill"], label: string, value: number): Share => ({
    key,
    fill,
    label,
    value,
    words: memoryPart(value),
  });
  const shares = [
    share("weights", "first", m.plan_fit_weights(), context.weights_bytes),
    share("cache", "second", m.plan_fit_cache_for({ value: number(context.context_size) }), context.kv_cache_bytes),
    share("compute", "third", m.plan_fit_compute(), context.compute_bytes),
    share("runtime", "fourth", m.plan_fit_runtime(), context.runtime_bytes),
  ];
  const left = leftBeside(fit, context);
  if (fit.total_bytes !== null && fit.free_bytes !== null)
    shares.push(share("other", "taken", m.plan_fit_other(), Math.max(0, fit.total_bytes - fit.free_bytes)));
  if (left !== null && left > 0) shares.push(share("free", "free", m.plan_fit_free(), left));
  return shares.filter(({ key, value }) => value > 0 || key === "weights");
}

/** The shares in one sentence. */
export function sharesSentence(shares: readonly Share[], total: string): string {
  const parts = shares.map(({ label, words }) => m.plan_fit_part({ label, value: words })).join(", ");
  return m.plan_fit_bar({ total, parts });
}

/** Bytes that a model could take on a host: of the graphics processors if there are any, else of the memory. */
export function freeMemory({ report, plan }: PlannedDeploy): number | null {
  if (plan?.fit) return plan.fit.free_bytes;
  if (report.gpus.length === 0) return report.memory_available_bytes;
  const free = report.gpus.map((gpu) => gpu.memory_free_mb);
  return free.includes(null) ? null : free.reduce<number>((sum, mb) => sum + (mb ?? 0), 0) * MEBIBYTE;
}

/** Whether so many bytes of weights go into so much free memory. */
export function weightsVerdict(bytes: number, free: number | null): FitVerdict {
  if (free === null) return "unknown";
  if (bytes > free) return "too_big";
  return bytes > free * TIGHT ? "tight" : "fits";
}
