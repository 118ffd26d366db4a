import { beforeEach, describe, expect, it } from "vitest";
import type { MetricsQuery } from "../../ipc/bindings";
import { metricsOf } from "../../ipc/mock/metrics";
import { setLocale } from "../../i18n/locale.svelte";
import type { ShownMetrics } from "../../state/metrics.svelte";
import { chartsOf, inksOf, keyOf, mostFrequent } from "./charts";
import { choicesOf, found } from "./choices";
import { COLUMNS, pressed, sorted } from "./columns";
import { shortNames } from "./short-names";
import { durationMark, errorShare, errorWords } from "./words";

const NOW = new Date(2026, 10, 19, 18).getTime();
const DAY = 86_400_000;

function shown(scenario: string, part: Partial<MetricsQuery> = {}): ShownMetrics {
  const range = { from: NOW - DAY, until: NOW, buckets: 48 };
  const query = { ...range, host_id: null, model: null, ...part };
  return { metrics: metricsOf(query, scenario, NOW), range: { ...range, ...part }, filter: { hostId: null, model: null } };
}

function charts(scenario: string, part: Partial<MetricsQuery> = {}) {
  const all = shown(scenario, part);
  return chartsOf(all, inksOf(all.metrics.models));
}

function chart(id: string, scenario = "full", part: Partial<MetricsQuery> = {}) {
  const found = charts(scenario, part).find((one) => one.id === id);
  if (!found) throw new Error(`no chart ${id}`);
  return found;
}

beforeEach(() => setLocale("en"));

describe("the charts of the figures", () => {
  it("have one value for each stretch, up to 500 of them", () => {
    for (const one of charts("full", { buckets: 500 }).filter(({ id }) => id !== "tokens")) {
      expect(one.spans).toHaveLength(500);
      for (const { values } of one.series) expect(values).toHaveLength(500);
    }
  });

  it("have gaps where nobody asked, and a value where somebody did", () => {
    const speed = chart("speed").series.find(({ label }) => label.startsWith("gpt-oss"));
    expect(speed?.values).toContain(null);
    expect(speed?.values.some((value) => value !== null)).toBe(true);
    expect(chart("requests").series[0]?.values).not.toContain(0);
  });

  it("show one request alone, and nothing at all, without a wrong number", () => {
    expect(chart("first-token", "metrics-one").series[0]?.values.filter((value) => value !== null)).toHaveLength(1);
    expect(chart("errors", "metrics-one").facts[0]?.value).toBe("0.0%");
    for (const { series } of charts("metrics-none")) for (const { values } of series) expect(values.every((value) => value === null)).toBe(true);
  });

  it("say how long a stretch is, and write large numbers short", () => {
    expect(chart("errors").title).toBe("Errors, per 30 min");
    expect(chart("errors", "full", { buckets: 24 }).title).toBe("Errors, per hour");
    expect(chart("tokens", "metrics-million").series[0]?.figure).toMatch(/^\d[\d.]*B$/);
    setLocale("ru");
    expect(chart("requests", "full", { buckets: 24 }).title).toBe("Запросы, за час");
    expect(chart("tokens", "metrics-million").series[0]?.figure).toMatch(/^\d[\d,]*\s(млрд|трлн)$/);
  });

  it("give a model the same ink whatever is filtered", () => {
    const inks = inksOf(shown("full").metrics.models);
    const one = shown("full", { model: "gemma3:4b" });
    const series = chartsOf(one, inks).find(({ id }) => id === "speed")?.series;
    expect(series).toHaveLength(1);
    expect(series?.[0]?.ink).toBe(inks.get(keyOf({ host_id: "old-box", model: "gemma3:4b" })));
  });

  it("draw only as many models as can be told apart, and count the others", () => {
    const all = shown("full");
    const [first] = all.metrics.models;
    if (!first) throw new Error("no model");
    const models = Array.from({ length: 9 }, (_, at) => ({ ...first, model: `model-${at}` }));
    const speed = chartsOf({ ...all, metrics: { ...all.metrics, models } }, inksOf(models)).find(({ id }) => id === "speed");
    expect(speed?.series).toHaveLength(6);
    expect(speed?.facts).toEqual([{ label: "further models", value: "3" }]);
  });

  it("say on which server a model is that runs on two", () => {
    const all = shown("full");
    const [first] = all.metrics.models;
    if (!first) throw new Error("no model");
    const models = [first, { ...first, host_id: "b", host_name: "other" }];
    const speed = chartsOf({ ...all, metrics: { ...all.metrics, models } }, inksOf(models)).find(({ id }) => id === "speed");
    expect(speed?.series.map(({ label }) => label)).toEqual([`${first.model} on studio`, `${first.model} on other`]);
  });
});

describe("the choices of the list", () => {
  it("add up what a model did on several servers", () => {
    const [first] = shown("full").metrics.models;
    if (!first) throw new Error("no model");
    const { models, servers } = choicesOf([first, { ...first, host_id: "b", host_name: "other" }, { ...first, model: "" }]);
    expect(models.map(({ label }) => label)).toEqual([first.model, "unknown model"]);
    expect(models[0]?.requests).toBe(2 * first.figures.requests);
    expect(servers[0]?.requests).toBe(2 * first.figures.requests);
    expect(found(models, " UNKNOWN ").map(({ key }) => key)).toEqual([""]);
  });
});

describe("the table of models", () => {
  const rows = shown("full").metrics.models;

  it("is sorted by any column, what is unknown last", () => {
    const [first] = rows;
    if (!first) throw new Error("no model");
    const unknown = { ...first, model: "zzz", figures: { ...first.figures, tokens_per_second: { p50: null, p95: null, max: null } } };
    for (const direction of ["ascending", "descending"] as const)
      expect(sorted([unknown, ...rows], { id: "speed", direction }).at(-1)?.model).toBe("zzz");
    const speeds = sorted(rows, { id: "speed", direction: "ascending" }).map(({ figures }) => figures.tokens_per_second.p50 ?? 0);
    expect(speeds).toEqual([...speeds].sort((a, b) => a - b));
    expect(sorted(rows, { id: "model", direction: "ascending" })[0]?.model).toBe("gemma3:4b");
  });

  it("begins with the largest figure or the first word, and turns around when pressed again", () => {
    const [model, , requests] = COLUMNS;
    if (!model || !requests) throw new Error("no columns");
    const start = { id: "errors", direction: "descending" } as const;
    expect(pressed(start, requests)).toEqual({ id: "requests", direction: "descending" });
    expect(pressed(start, model)).toEqual({ id: "model", direction: "ascending" });
    expect(pressed({ id: "model", direction: "ascending" }, model).direction).toBe("descending");
  });
});

describe("the words of Metrics", () => {
  it("tell names apart with as little as that needs", () => {
    expect(shortNames(["Qwen3-30B-A3B-Q4_K_M", "Llama-3.3-70B", "gpt-oss-20b"])).toEqual(["Qwen3", "Llama", "gpt-oss"]);
    expect(shortNames(["Llama-3.1-8B", "Llama-3.3-70B", "org/gemma3:4b"])).toEqual(["Llama-3.1", "Llama-3.3", "gemma3"]);
    expect(shortNames(["same", "same", ""])).toEqual(["same", "same", ""]);
  });

  it("name errors, and stand for themselves where they are new", () => {
    expect(errorWords(["stream_timeout", 22])).toBe("first token timed out (22)");
    expect(errorWords(["brand_new", 1])).toBe("brand_new (1)");
    expect(mostFrequent([])).toBeNull();
  });

  it("do not round few errors to none", () => {
    expect(errorShare(0, 0)).toBe("0.0%");
    expect(errorShare(1, 1_000_000)).toBe("< 0.1%");
    expect(errorShare(37, 4654)).toBe("0.8%");
  });

  it("write the marks of a scale in one unit", () => {
    expect([0, 2000, 4000].map((value) => durationMark(value, 2000))).toEqual(["0 s", "2 s", "4 s"]);
    expect([0, 250].map((value) => durationMark(value, 250))).toEqual(["0.00 s", "0.25 s"]);
    expect(durationMark(5, 5)).toBe("5 ms");
    expect(durationMark(120_000, 60_000)).toBe("2 min");
  });
});
