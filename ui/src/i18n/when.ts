import { clock } from "./format";
import { locale } from "./locale.svelte";

/** How long ago a day was, from the newest to the oldest. */
export type DayGroup = "today" | "yesterday" | "week" | "month" | "older";

const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale() === "en" ? "en-GB" : "ru", options);
    formats.set(key, found);
  }
  return found;
}

/** Midnight at the start of the local day. */
export function startOfDay(timestamp: number): number {
  return new Date(timestamp).setHours(0, 0, 0, 0);
}

/** The group of a time. Days are those of the calendar, not 24 hours. */
export function groupOf(timestamp: number, now: number): DayGroup {
  const days = Math.round((startOfDay(now) - startOfDay(timestamp)) / DAY_MS);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  if (days <= 7) return "week";
  return days <= 30 ? "month" : "older";
}

/** A past time as short as its distance allows: `10:12`, `Tue`, `14 Nov`, `03/2024`. */
export function whenOf(timestamp: number, now = Date.now()): string {
  const group = groupOf(timestamp, now);
  if (group === "today" || group === "yesterday") return clock(timestamp);
  if (group === "week") return format("weekday", { weekday: "short" }).format(timestamp);
  if (new Date(timestamp).getFullYear() === new Date(now).getFullYear())
    return format("day", { day: "numeric", month: "short" }).format(timestamp);
  return format("month", { month: "2-digit", year: "numeric" }).format(timestamp);
}
