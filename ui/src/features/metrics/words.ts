import type { ErrorCode, MetricsOfModel } from "../../ipc/bindings";
import { clock, dateTime, day, month, number, percent, shortDay } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import type { Span } from "../../shared/chart/series";
import type { TimeUnit } from "../../shared/chart/ticks";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import type { MetricsFilter } from "../../state/metrics.svelte";
import type { Range, RangeName } from "../../state/metrics-range";

const DAY = 86_400_000;
const SECOND = 1000;
const MINUTE = 60_000;

const ERRORS: Partial<Record<ErrorCode, () => string>> = {
  stream_timeout: m.metrics_error_stream_timeout,
  stream_broken: m.metrics_error_stream_broken,
  not_connected: m.metrics_error_not_connected,
  connection_lost: m.metrics_error_connection_lost,
  no_network: m.metrics_error_no_network,
  engine_crashed: m.metrics_error_engine_crashed,
  engine_out_of_memory: m.metrics_error_engine_out_of_memory,
  engine_not_healthy: m.metrics_error_engine_not_healthy,
  engine_loading: m.metrics_error_engine_loading,
  engine_unauthorized: m.metrics_error_engine_unauthorized,
  engine_unavailable: m.metrics_error_engine_unavailable,
  engine_error: m.metrics_error_engine_error,
  context_exceeded: m.metrics_error_context_exceeded,
  queue_full: m.metrics_error_queue_full,
  not_deployed: m.metrics_error_not_deployed,
  internal: m.metrics_error_internal,
  cancelled: m.metrics_error_cancelled,
};

/** An error in few words, with how often it came; a code without words stands for itself. */
export function errorWords([code, count]: [string, number]): string {
  const words = ERRORS[code as ErrorCode]?.() ?? code;
  return m.metrics_error_count({ error: words, value: number(count) });
}

/** What a model is called. */
export function modelWords(model: string): string {
  return model || m.metrics_model_unknown();
}

/** What a server is called now, or was when it was there. */
export function serverWords({ host_id, host_name }: Pick<MetricsOfModel, "host_id" | "host_name">): string {
  const view = hosts.get(host_id);
  return view ? hostName(view.host) : host_name;
}

/** What is shown: all, a model, a server, or a model on a server. */
export function filterWords({ hostId, model }: MetricsFilter, models: readonly MetricsOfModel[]): string {
  const known = models.find(({ host_id }) => host_id === hostId);
  const server = hostId === null ? null : serverWords({ host_id: hostId, host_name: known?.host_name ?? hostId });
  if (model === null) return server ?? m.metrics_all();
  return server === null ? modelWords(model) : m.metrics_model_on({ model: modelWords(model), server });
}

/** A range in words: with the time of day and no further than now, or whole days. */
export function rangeWords(name: RangeName, { from, until }: Range, now: number): string {
  if (name !== "dates") return m.metrics_from_to({ from: dateTime(from), until: dateTime(Math.min(until, now)) });
  const first = day(from);
  const last = day(until - 1);
  return first === last ? first : m.metrics_from_to({ from: first, until: last });
}

/** A stretch of time: `19 Nov, 11:20 to 11:50`, `19 Nov`, `19 Nov to 25 Nov`. */
export function spanWords({ from, until }: Span): string {
  if (until - from < DAY * 0.9) return m.metrics_span({ from: dateTime(from), until: clock(until) });
  const first = shortDay(from);
  const last = shortDay(until - 1);
  return first === last ? first : m.metrics_span({ from: first, until: last });
}

/** A mark of an axis of time. */
export function timeMark(at: number, unit: TimeUnit): string {
  return { clock, day: shortDay, month }[unit](at);
}

/** A mark of an axis of durations: all of them in the unit of the step. */
export function durationMark(value: number, step: number): string {
  if (step >= MINUTE) return m.units_minutes({ value: number(value / MINUTE, step % MINUTE === 0 ? 0 : 1) });
  if (step >= SECOND / 100) return m.units_seconds({ value: number(value / SECOND, digitsFor(step / SECOND)) });
  return m.units_milliseconds({ value: number(value, digitsFor(step)) });
}

/** Decimals that tell the marks of a step apart. */
export function digitsFor(step: number): number {
  return [0, 1, 2].find((digits) => Number.isInteger(Math.round(step * 10 ** digits * 1e6) / 1e6)) ?? 3;
}

/** Errors as a part of all requests. */
export function errorShare(errors: number, requests: number): string {
  const share = requests === 0 ? 0 : errors / requests;
  // Few of very many are not none.
  return share > 0 && share < 0.0005 ? m.metrics_less({ value: percent(0.001, 1) }) : percent(share, 1);
}
