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
const MONTH_STEPS = [1, 2, 3, 6, 12, 24];

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

/** Marks between two moments at round local times, at most `most` of them. */
export function timeTicks(from: number, until: number, most: number): TimeTicks {
  const span = until - from;
  const clock = CLOCK_STEPS.find((step) => span / step <= most);
  if (clock !== undefined && span <= 48 * HOUR) return { marks: clockMarks(from, until, clock), unit: "clock" };
  const days = DAY_STEPS.find((step) => span / (step * 24 * HOUR) <= most);
  if (days !== undefined) return { marks: dateMarks(from, until, (date) => date.setDate(date.getDate() + days)), unit: "day" };
  const months = MONTH_STEPS.find((step) => span / (step * 30 * 24 * HOUR) <= most) ?? 60;
  const marks = dateMarks(from, until, (date) => date.setMonth(date.getMonth() + months, 1), 1);
  return { marks, unit: "month" };
}

function clockMarks(from: number, until: number, step: number): number[] {
  const midnight = new Date(from);
  midnight.setHours(0, 0, 0, 0);
  const marks: number[] = [];
  const first = midnight.getTime() + Math.ceil((from - midnight.getTime()) / step) * step;
  for (let at = first; at <= until; at += step) marks.push(at);
  return marks;
}

function dateMarks(from: number, until: number, next: (date: Date) => void, day?: number): number[] {
  const date = new Date(from);
  if (day !== undefined) date.setDate(day);
  date.setHours(0, 0, 0, 0);
  const marks: number[] = [];
  while (date.getTime() <= until) {
    if (date.getTime() >= from) marks.push(date.getTime());
    next(date);
  }
  return marks;
}
