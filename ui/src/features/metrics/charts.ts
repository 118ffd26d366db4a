import type { MetricsFigures, MetricsOfModel } from "../../ipc/bindings";
import { compact, lasting, milliseconds, number, tokensPerSecond } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import { INKS, type Fact, type Ink, type Series, type Span } from "../../shared/chart/series";
import type { ShownMetrics } from "../../state/metrics.svelte";
import { shortNames } from "./short-names";
import { digitsFor, durationMark, errorShare, errorWords, modelWords, serverWords } from "./words";

/** A chart of the page. */
export interface ChartModel {
  id: "first-token" | "speed" | "errors" | "requests" | "tokens" | "whole";
  title: string;
  spans: readonly Span[];
  series: readonly Series[];
  facts: readonly Fact[];
  stacked: boolean;
  whole: boolean;
  format: (value: number) => string;
  valueMark: (value: number, step: number) => string;
}

type Percentile = "first_token_ms" | "total_ms";

const MINUTE = 60_000;
const FIRST: Ink = { tone: "first", dash: "solid" };
const SECOND: Ink = { tone: "second", dash: "dashed" };
const THIRD: Ink = { tone: "third", dash: "solid" };
const ERROR: Ink = { tone: "error", dash: "solid" };

/** What tells the rows of the model table apart. */
export function keyOf({ host_id, model }: Pick<MetricsOfModel, "host_id" | "model">): string {
  return `${host_id}\n${model}`;
}

/** The ink of each model on each server: the same whatever is filtered. Those past the last ink have none. */
export function inksOf(models: readonly MetricsOfModel[]): Map<string, Ink> {
  return new Map(INKS.flatMap((ink, at) => (models[at] ? [[keyOf(models[at]), ink] as const] : [])));
}

/** Stretches from their beginnings to the end of the last. */
function spansFrom(begins: readonly number[], until: number): Span[] {
  return begins.map((from, at) => ({ from, until: begins[at + 1] ?? until }));
}

/** The charts of what is shown, in the order of the page. */
export function chartsOf(shown: ShownMetrics, inks: ReadonlyMap<string, Ink>): ChartModel[] {
  return [
    percentiles("first-token", m.metrics_first_token(), "first_token_ms", shown),
    speed(shown, inks),
    errors(shown),
    requests(shown),
    tokens(shown),
    percentiles("whole", m.metrics_whole(), "total_ms", shown),
  ];
}

function bucketSpans({ metrics, range }: ShownMetrics): Span[] {
  return spansFrom(
    metrics.buckets.map(({ from }) => from),
    range.until,
  );
}

/** How long a stretch is: `minute`, `30 min`, `day`. */
function stepWords(spans: readonly Span[]): string {
  const length = spans[0] ? spans[0].until - spans[0].from : 0;
  const single = { [MINUTE]: m.metrics_minute, [60 * MINUTE]: m.metrics_hour, [24 * 60 * MINUTE]: m.metrics_day }[length];
  return single?.() ?? lasting(length);
}

function percentiles(id: ChartModel["id"], title: string, what: Percentile, shown: ShownMetrics): ChartModel {
  const { metrics } = shown;
  const total = metrics.total[what];
  const line = (which: "p50" | "p95", label: string, ink: Ink): Series => ({
    key: which,
    label,
    values: metrics.buckets.map(({ figures }) => figures[what][which]),
    kind: "line",
    ink,
    figure: milliseconds(total[which]),
  });
  return {
    id,
    title,
    spans: bucketSpans(shown),
    series: [line("p50", m.metrics_p50(), FIRST), line("p95", m.metrics_p95(), SECOND)],
    facts: [{ label: m.metrics_max(), value: milliseconds(total.max) }],
    stacked: false,
    whole: false,
    format: milliseconds,
    valueMark: durationMark,
  };
}

function speed(shown: ShownMetrics, inks: ReadonlyMap<string, Ink>): ChartModel {
  const { models } = shown.metrics;
  const all = models.filter(({ speed: values }) => values.some((value) => value !== null));
  const lines = all.filter((one) => inks.has(keyOf(one)));
  const names = lines.map(({ model }) => model);
  const short = shortNames(names.map(modelWords));
  const series = lines.map((one, at): Series => {
    const isTwice = names.indexOf(one.model) !== names.lastIndexOf(one.model);
    const name = modelWords(one.model);
    return {
      key: keyOf(one),
      label: isTwice ? m.metrics_model_on({ model: name, server: serverWords(one) }) : name,
      short: isTwice ? `${short[at]} · ${serverWords(one)}` : short[at],
      values: one.speed,
      kind: "line",
      ink: inks.get(keyOf(one)) ?? FIRST,
      figure: speedFigure(one.figures.tokens_per_second.p50),
    };
  });
  const rest = all.length - lines.length;
  return {
    id: "speed",
    title: m.metrics_speed(),
    spans: bucketSpans(shown),
    series,
    facts: rest > 0 ? [{ label: m.metrics_more_models(), value: number(rest) }] : [],
    stacked: false,
    whole: false,
    format: tokensPerSecond,
    valueMark: (value, step) => number(value, digitsFor(step)),
  };
}

/** The unit stands in the title. */
function speedFigure(value: number | null): string | undefined {
  return value === null ? undefined : number(value, value < 100 ? 1 : 0);
}

function counted(shown: ShownMetrics, count: (figures: MetricsFigures) => number): (number | null)[] {
  return shown.metrics.buckets.map(({ figures }) => (figures.requests === 0 ? null : count(figures)));
}

const COUNTS = { stacked: false, whole: true, format: (value: number) => number(value), valueMark: compact } as const;

function errors(shown: ShownMetrics): ChartModel {
  const { total, models } = shown.metrics;
  const spans = bucketSpans(shown);
  const frequent = mostFrequent(models);
  const values = counted(shown, (figures) => figures.errors);
  return {
    ...COUNTS,
    id: "errors",
    title: m.metrics_errors({ span: stepWords(spans) }),
    spans,
    series: [{ key: "errors", label: m.metrics_errors_label(), values, kind: "bars", ink: ERROR, figure: number(total.errors) }],
    facts: [
      { label: m.metrics_of_all(), value: errorShare(total.errors, total.requests) },
      ...(frequent ? [{ label: m.metrics_mostly(), value: errorWords(frequent) }] : []),
    ],
  };
}

/** The most frequent error over all models, as far as each tells its own. */
export function mostFrequent(models: readonly MetricsOfModel[]): [string, number] | null {
  const counts = new Map<string, number>();
  for (const { frequent_error } of models)
    if (frequent_error) counts.set(frequent_error[0], (counts.get(frequent_error[0]) ?? 0) + frequent_error[1]);
  return [...counts].sort((a, b) => b[1] - a[1])[0] ?? null;
}

function requests(shown: ShownMetrics): ChartModel {
  const spans = bucketSpans(shown);
  const values = counted(shown, (figures) => figures.requests);
  const peak = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const { requests: total, stopped } = shown.metrics.total;
  return {
    ...COUNTS,
    id: "requests",
    title: m.metrics_requests({ span: stepWords(spans) }),
    spans,
    series: [{ key: "requests", label: m.metrics_requests_label(), values, kind: "bars", ink: THIRD, figure: number(total) }],
    facts: [
      { label: m.metrics_peak(), value: number(peak) },
      ...(stopped > 0 ? [{ label: m.metrics_stopped(), value: number(stopped) }] : []),
    ],
  };
}

function tokens({ metrics }: ShownMetrics): ChartModel {
  const { days, total } = metrics;
  const last = days.at(-1);
  const bars = (key: "prompt_tokens" | "completion_tokens", label: string, ink: Ink): Series => ({
    key,
    label,
    values: days.map((day) => (day.prompt_tokens + day.completion_tokens === 0 ? null : day[key])),
    kind: "bars",
    ink,
    figure: compact(total[key]),
  });
  return {
    ...COUNTS,
    id: "tokens",
    title: m.metrics_tokens(),
    spans: spansFrom(
      days.map(({ from }) => from),
      last ? nextDay(last.from) : 0,
    ),
    series: [bars("prompt_tokens", m.metrics_prompt(), THIRD), bars("completion_tokens", m.metrics_answers(), FIRST)],
    facts: [],
    stacked: true,
  };
}

function nextDay(from: number): number {
  const date = new Date(from);
  return date.setDate(date.getDate() + 1);
}
