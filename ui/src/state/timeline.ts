import type { ConnectionSpan, TunnelSample } from "../ipc/bindings";

/** How far back a timeline reaches, milliseconds. */
export const TIMELINE_MS = 3_600_000;

/** A span inside the timeline, placed. */
export interface PlacedSpan {
  span: ConnectionSpan;
  /** When it begins and ends inside the timeline, ms since the epoch. */
  from: number;
  until: number;
  /** Where it begins and how wide it is, in percent of the timeline. */
  left: number;
  width: number;
}

/** Cuts the states to the hour that ends now; what lies before it or takes no time is left out. */
export function placeSpans(spans: readonly ConnectionSpan[], now: number): PlacedSpan[] {
  const start = now - TIMELINE_MS;
  const placed: PlacedSpan[] = [];
  for (const span of spans) {
    const from = Math.max(start, span.from);
    // The clock of a span that goes on is this window's own; another clock may be ahead of it.
    const until = Math.min(now, span.until ?? now);
    if (until <= from) continue;
    placed.push({ span, from, until, left: percent(from - start), width: percent(until - from) });
  }
  return placed;
}

function percent(ms: number): number {
  return (ms * 100) / TIMELINE_MS;
}

/** A figure of the round trip, placed: x and y from 0 to 1, y growing with the time it took. */
export interface PlacedSample {
  x: number;
  y: number;
}

/** Samples that follow each other without a pause; a pause breaks the line. */
export type SampleRun = PlacedSample[];

/** How long no sample may come until the line is broken: three times their usual distance. */
const PAUSE_MS = 15_000;

/** The round trips of the hour that ends now, as lines, and the range that they lie in. */
export function roundTrips(
  samples: readonly TunnelSample[],
  now: number,
): { runs: SampleRun[]; least: number; most: number } | null {
  const start = now - TIMELINE_MS;
  const known = samples.flatMap(({ at, round_trip_ms }) =>
    round_trip_ms !== null && at >= start && at <= now ? [{ at, value: round_trip_ms }] : [],
  );
  if (known.length < 2) return null;
  const values = known.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // From zero, so that a quiet link looks quiet.
  const scale = Math.max(most, 1);
  const runs: SampleRun[] = [];
  let before = -Infinity;
  for (const { at, value } of known) {
    if (at - before > PAUSE_MS) runs.push([]);
    runs.at(-1)?.push({ x: (at - start) / TIMELINE_MS, y: value / scale });
    before = at;
  }
  return { runs, least, most };
}

/** Bytes per second, in and out. */
export interface Rates {
  down: number;
  up: number;
}

/** Rates are means over this time, milliseconds. */
const RATE_WINDOW_MS = 15_000;

/**
 * How fast bytes go through the tunnel now; null when the last samples are too old or too few to say,
 * or the counters began anew between them.
 */
export function ratesOf(samples: readonly TunnelSample[], now: number): Rates | null {
  const last = samples.at(-1);
  if (!last || now - last.at > RATE_WINDOW_MS) return null;
  const first = samples.find(({ at }) => at >= last.at - RATE_WINDOW_MS);
  if (!first || first === last) return null;
  const seconds = (last.at - first.at) / 1000;
  const [down, up] = [last.bytes_down - first.bytes_down, last.bytes_up - first.bytes_up];
  if (seconds <= 0 || down < 0 || up < 0) return null;
  return { down: down / seconds, up: up / seconds };
}
