/** A range that ends now, or one between two days. */
export type RangeName = "hour" | "day" | "week" | "month" | "dates";

/** Days that were chosen, as the beginning of the first and of the last, local time. */
export interface Dates {
  first: number;
  last: number;
}

/** A range of time, cut in equal stretches. */
export interface Range {
  from: number;
  until: number;
  buckets: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LENGTHS: Record<Exclude<RangeName, "dates">, number> = { hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY };
const STEPS = [MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY];
/** More stretches than this are finer than a chart can show. */
const MOST = 90;

function stepOf(span: number): number {
  return STEPS.find((step) => span / step <= MOST) ?? span / MOST;
}

/** The range that a name stands for now; its stretches begin at round local times. */
export function rangeOf(name: RangeName, dates: Dates | null, now: number): Range {
  if (name === "dates" && dates) return rangeOfDates(dates);
  const length = LENGTHS[name === "dates" ? "day" : name];
  const step = stepOf(length);
  const zone = new Date(now).getTimezoneOffset() * MINUTE;
  const until = Math.ceil((now - zone) / step) * step + zone;
  return { from: until - length, until, buckets: Math.round(length / step) };
}

/** Whole days; a change of the clock lies in one of the stretches and does not shift the others. */
function rangeOfDates({ first, last }: Dates): Range {
  const end = new Date(last);
  end.setDate(end.getDate() + 1);
  const span = end.getTime() - first;
  return { from: first, until: end.getTime(), buckets: Math.max(1, Math.round(span / stepOf(span))) };
}

/** The beginning of a day written `2026-11-19`; null when it is none. */
export function parseDay(words: string): number | null {
  const parts = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/.exec(words);
  if (!parts) return null;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const date = new Date(year, month - 1, day);
  const isReal = date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day;
  return isReal && date.getTime() >= 0 ? date.getTime() : null;
}

/** A day as `2026-11-19`. */
export function dayWords(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The beginning of the day that a moment lies in, local time. */
export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
