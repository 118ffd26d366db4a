import type { Span } from "./series";

/** The marks of an axis of values: from zero, at a round step. */
export interface ValueTicks {
  marks: number[];
  step: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ROUND = [1, 2, 2.5, 5, 10];
const CLOCK_STEPS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE);
const DAY_STEPS = [1, 2, 7, 14];

/** Marks up to and over `most`, about `count` of them; `whole` for what is counted. */
export function valueTicks(most: number, whole: boolean, count = 4): ValueTicks {
  const least = whole ? 1 : Number.MIN_VALUE;
  const rough = Math.max(most > 0 ? most / count : 1 / count, least);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = ROUND.find((one) => one * power >= rough * 0.999 && (!whole || Number.isInteger(one * power))) ?? 10;
  const step = factor * power;
  const marks: number[] = [];
  const top = Math.max(1, Math.ceil(most / step - 1e-9));
  for (let at = 0; at <= top; at += 1) marks.push(at * step);
  return { marks, step };
}

/** How the marks of an axis of time are written. */
export type TimeUnit = "clock" | "day" | "month";

/** The marks of an axis of time. */
export interface TimeTicks {
  marks: number[];
  unit: TimeUnit;
}

/** Marks of stretches of time at round local times, at most `most` of them. */
export function timeTicks(spans: readonly Span[], most: number): TimeTicks {
  const from = spans[0]?.from ?? 0;
  const until = spans.at(-1)?.until ?? 1;
  const span = until - from;
  // Whole days are named under their middle.
  if (spans[0] && spans[0].until - from > 20 * HOUR) {
    const every = Math.ceil(spans.length / most);
    const marks = spans.filter((_, at) => at % every === 0).map((one) => (one.from + one.until) / 2);
    return { marks, unit: span > 300 * 24 * HOUR ? "month" : "day" };
  }
  const clock = CLOCK_STEPS.find((step) => span / step <= most);
  if (clock !== undefined && span <= 48 * HOUR) return { marks: clockMarks(from, until, clock), unit: "clock" };
  const days = DAY_STEPS.find((step) => span / (step * 24 * HOUR) <= most) ?? 30;
  return { marks: dayMarks(from, until, days), unit: "day" };
}

function clockMarks(from: number, until: number, step: number): number[] {
  const midnight = new Date(from);
  midnight.setHours(0, 0, 0, 0);
  const marks: number[] = [];
  const first = midnight.getTime() + Math.ceil((from - midnight.getTime()) / step) * step;
  for (let at = first; at <= until; at += step) marks.push(at);
  return marks;
}

function dayMarks(from: number, until: number, days: number): number[] {
  const date = new Date(from);
  date.setHours(0, 0, 0, 0);
  const marks: number[] = [];
  while (date.getTime() <= until) {
    if (date.getTime() >= from) marks.push(date.getTime());
    date.setDate(date.getDate() + days);
  }
  return marks;
}
