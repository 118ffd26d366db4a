import { describe, expect, it } from "vitest";
import type { ConnectionSpan, ConnectionState, TunnelSample } from "../ipc/bindings";
import { placeSpans, ratesOf, roundTrips } from "./timeline";

const NOW = 10_000_000;
const MINUTE = 60_000;

function span(state: ConnectionState, from: number, until: number | null): ConnectionSpan {
  return { state, from: NOW - from * MINUTE, until: until === null ? null : NOW - until * MINUTE, reason: null };
}

function sample(ago: number, part: Partial<TunnelSample> = {}): TunnelSample {
  return { at: NOW - ago * 1000, round_trip_ms: 10, open_streams: 0, bytes_down: 0, bytes_up: 0, ...part };
}

describe("a timeline", () => {
  it("cuts what began before the hour and lets the present go on until now", () => {
    const placed = placeSpans([span("connected", 90, 30), span("degraded", 30, null)], NOW);
    expect(placed.map(({ left, width }) => [left, width])).toEqual([
      [0, 50],
      [50, 50],
    ]);
    expect(placed[0]?.from).toBe(NOW - 60 * MINUTE);
    expect(placed[1]?.until).toBe(NOW);
  });

  it("leaves out what lies before the hour, takes no time, or lies ahead", () => {
    const spans = [span("connecting", 90, 61), span("connected", 20, 20), span("degraded", -5, null)];
    expect(placeSpans(spans, NOW)).toEqual([]);
  });

  it("leaves a hole where nothing was connected", () => {
    const placed = placeSpans([span("connected", 60, 45), span("connected", 15, null)], NOW);
    expect(placed.map(({ left, width }) => left + width)).toEqual([25, 100]);
    expect(placed[1]?.left).toBe(75);
  });
});

describe("round trips", () => {
  it("are one line for each run without a pause, from zero to the slowest", () => {
    const samples = [sample(70 * 60), sample(100), sample(95, { round_trip_ms: 20 }), sample(20), sample(15, { round_trip_ms: null }), sample(10)];
    const found = roundTrips(samples, NOW);
    expect(found?.runs.map((run) => run.map(({ y }) => y))).toEqual([
      [0.5, 1],
      [0.5, 0.5],
    ]);
    expect([found?.least, found?.most]).toEqual([10, 20]);
    expect(found?.runs[0]?.[0]?.x).toBeCloseTo(1 - 100 / 3600);
  });

  it("say nothing from a single one", () => {
    expect(roundTrips([sample(5)], NOW)).toBeNull();
    expect(roundTrips([], NOW)).toBeNull();
  });
});

describe("rates", () => {
  it("are means of the last seconds", () => {
    const samples = [sample(60, { bytes_down: 0 }), sample(10, { bytes_down: 1000 }), sample(5, { bytes_down: 2000 }), sample(0, { bytes_down: 6000, bytes_up: 50 })];
    expect(ratesOf(samples, NOW)).toEqual({ down: 500, up: 5 });
  });

  it("are not known from one sample, from old ones, or over a new start of the counters", () => {
    expect(ratesOf([], NOW)).toBeNull();
    expect(ratesOf([sample(0)], NOW)).toBeNull();
    expect(ratesOf([sample(40), sample(35)], NOW)).toBeNull();
    expect(ratesOf([sample(5, { bytes_down: 900 }), sample(0, { bytes_down: 10 })], NOW)).toBeNull();
  });
});
