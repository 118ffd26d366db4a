import type { Metrics, MetricsBucket, MetricsDay, MetricsFigures, MetricsOfModel, MetricsQuery } from "../bindings";
import type { Handlers } from "./index";
import { both } from "./stream";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A model on a server, as the generator draws it. */
interface Source {
  host_id: string;
  host_name: string;
  model: string;
  /** Requests in an hour of the day. */
  rate: number;
  speed: number;
  firstMs: number;
  error: string;
  /** Since when it answers badly, as hours before now. */
  badHours: number;
}

const SOURCES: readonly Source[] = [
  { host_id: "studio", host_name: "studio", model: "Qwen3-30B-A3B-Instruct-Q4_K_M", rate: 130, speed: 63.8, firstMs: 410, error: "stream_broken", badHours: 0 },
  { host_id: "lab-gpu-2", host_name: "lab-gpu-2", model: "Llama-3.3-70B-Instruct-Q4_K_M", rate: 40, speed: 10.4, firstMs: 720, error: "stream_timeout", badHours: 2 },
  { host_id: "rented-4090", host_name: "rented-4090", model: "gpt-oss-20b-mxfp4", rate: 25, speed: 140.2, firstMs: 310, error: "connection_lost", badHours: 0 },
  { host_id: "old-box", host_name: "old-box", model: "gemma3:4b", rate: 7, speed: 88, firstMs: 190, error: "engine_loading", badHours: 0 },
];

const LONG_NAME = "hf.co/" + "a-community-finetune-of-a-finetune-".repeat(3) + "70B-Q4_K_M";
const FAULT = both("The figures cannot be read.", "Показатели не читаются.");

/**
 * The commands of Metrics: days with nights, gaps and a server that goes bad. Worlds of their own are
 * `metrics-none`, `metrics-one`, `metrics-million`, `metrics-long`, `metrics-old` and `metrics-failing`.
 */
export function metricsHandlers(scenario: string): Pick<Handlers, "metrics_query" | "metrics_export"> {
  return {
    metrics_query: (query) => {
      if (scenario === "metrics-failing")
        throw { code: "database_locked", message: FAULT, fix: both("Try again.", "Попробуйте ещё раз."), detail_id: "d-41c0", facts: null };
      return metricsOf(query, scenario, Date.now());
    },
    metrics_export: () => ({ sessions: 0, bytes: 48_211 }),
  };
}

/** What the generator makes of a question. */
export function metricsOf(query: MetricsQuery, scenario: string, now: number): Metrics {
  const sources = sourcesOf(scenario).filter(
    ({ host_id, model }) => (query.host_id ?? host_id) === host_id && (query.model ?? model) === model,
  );
  const cells = cellsOf(query);
  const drawn = sources.map((source) => ({ source, figures: cells.map((cell) => draw(source, cell, scenario, now)) }));
  const buckets = cells.map(({ from }, at): MetricsBucket => ({ from, figures: sum(drawn.flatMap(({ figures }) => figures[at] ?? [])) }));
  const models = drawn.map(({ source, figures }): MetricsOfModel => {
    const { host_id, host_name, model, error } = source;
    const all = sum(figures);
    return {
      host_id,
      host_name,
      model,
      figures: all,
      frequent_error: all.errors > 0 ? [error, Math.ceil(all.errors * 0.7)] : null,
      speed: figures.map(({ tokens_per_second }) => tokens_per_second.p50),
    };
  });
  return {
    total: sum(buckets.map(({ figures }) => figures)),
    buckets,
    models: models.filter(({ figures }) => figures.requests > 0).sort((a, b) => b.figures.requests - a.figures.requests),
    days: daysOf(query).map(({ from, until }): MetricsDay => {
      const { prompt_tokens, completion_tokens } = sum(sources.map((source) => draw(source, { from, until }, scenario, now)));
      return { from, prompt_tokens, completion_tokens };
    }),
    oldest: scenario === "metrics-none" || scenario === "empty" ? null : now - 80 * DAY,
  };
}

function sourcesOf(scenario: string): Source[] {
  if (scenario === "metrics-none" || scenario === "empty") return [];
  if (scenario === "metrics-long")
    return SOURCES.map((source, at) => (at === 0 ? { ...source, model: LONG_NAME, host_name: "the-long-name-of-a-machine-in-the-cellar" } : source));
  return scenario === "metrics-one" ? SOURCES.slice(0, 1) : [...SOURCES];
}

interface Cell {
  from: number;
  until: number;
}

function cellsOf({ from, until, buckets }: MetricsQuery): Cell[] {
  const step = (until - from) / buckets;
  return Array.from({ length: buckets }, (_, at) => ({ from: Math.round(from + at * step), until: Math.round(from + (at + 1) * step) }));
}

function daysOf({ from, until }: MetricsQuery): Cell[] {
  const days: Cell[] = [];
  const date = new Date(from);
  date.setHours(0, 0, 0, 0);
  while (date.getTime() < until) {
    const begin = date.getTime();
    date.setDate(date.getDate() + 1);
    days.push({ from: begin, until: date.getTime() });
  }
  return days;
}

/** A number from 0 to 1 that is always the same for the same place. */
function noise(seed: string, at: number): number {
  let hash = 2166136261;
  for (const char of `${seed}${at}`) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619);
  return ((hash >>> 0) % 1000) / 1000;
}

/** How busy an hour of the day is. */
function activity(at: number): number {
  const hour = new Date(at).getHours();
  return hour < 6 ? 0.06 : hour < 9 ? 0.4 : hour < 19 ? 1 : 0.5;
}

function draw(source: Source, { from, until }: Cell, scenario: string, now: number): MetricsFigures {
  const middle = (from + Math.min(until, now)) / 2;
  const shake = noise(source.model, Math.round(from / 60_000));
  let count = from >= now ? 0 : source.rate * activity(middle) * (0.85 + shake * 0.3) * ((Math.min(until, now) - from) / HOUR);
  // The rented machine was off for a while every day, so that its line has a gap.
  if (source.host_id === "rented-4090" && [13, 14, 15].includes(new Date(middle).getHours())) count = 0;
  if (scenario === "metrics-one") count = now - 20 * 60_000 >= from && now - 20 * 60_000 < until ? 1 : 0;
  if (scenario === "metrics-old") count = until < now - 60 * DAY ? count : 0;
  if (scenario === "metrics-million") count *= 9000;
  const requests = Math.round(count);
  if (requests === 0) return sum([]);
  const bad = middle > now - source.badHours * HOUR ? 1 - (now - middle) / (source.badHours * HOUR) : 0;
  const errors = scenario === "metrics-one" ? 0 : Math.round(requests * (bad * 0.3 + (shake > 0.96 ? 0.04 : 0)));
  const first = source.firstMs * (0.92 + shake * 0.16) * (1 + bad * 0.9);
  const slow = first * (2.2 + shake) * (1 + bad * 2);
  const speed = source.speed * (0.95 + shake * 0.1) * (1 - bad * 0.25);
  const tokens = Math.round(requests * (380 + shake * 180));
  const one = (value: number, tail: number, most: number) => ({ p50: value, p95: requests > 1 ? tail : value, max: requests > 1 ? most : value });
  return {
    requests,
    errors,
    stopped: Math.round(requests * 0.01),
    prompt_tokens: tokens * 4,
    completion_tokens: tokens,
    first_token_ms: one(first, slow, slow * 1.3),
    total_ms: one(first + (420 / speed) * 1000, slow + (900 / speed) * 1000, slow + (1300 / speed) * 1000),
    tokens_per_second: one(speed, speed * 1.1, speed * 1.2),
    queue_ms: one(bad * 900, 20 + bad * 11_000, 30 + bad * 14_000),
  };
}

/** Figures of several together; a median of medians is near enough for a picture. */
function sum(parts: readonly MetricsFigures[]): MetricsFigures {
  const used = parts.filter(({ requests }) => requests > 0);
  const add = (key: "requests" | "errors" | "stopped" | "prompt_tokens" | "completion_tokens"): number =>
    used.reduce((total, part) => total + part[key], 0);
  const requests = add("requests");
  const mix = (key: "first_token_ms" | "total_ms" | "tokens_per_second" | "queue_ms") => {
    if (requests === 0) return { p50: null, p95: null, max: null };
    const mean = (which: "p50" | "p95"): number =>
      used.reduce((total, part) => total + (part[key][which] ?? 0) * part.requests, 0) / requests;
    return { p50: mean("p50"), p95: mean("p95"), max: Math.max(...used.map((part) => part[key].max ?? 0)) };
  };
  return {
    requests,
    errors: add("errors"),
    stopped: add("stopped"),
    prompt_tokens: add("prompt_tokens"),
    completion_tokens: add("completion_tokens"),
    first_token_ms: mix("first_token_ms"),
    total_ms: mix("total_ms"),
    tokens_per_second: mix("tokens_per_second"),
    queue_ms: mix("queue_ms"),
  };
}
