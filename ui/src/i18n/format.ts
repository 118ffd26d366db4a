import { m } from "../paraglide/messages.js";
import { locale } from "./locale.svelte";

/** What stands where a figure is not known. */
export const UNKNOWN = "—";

const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat(digits: number): Intl.NumberFormat {
  const key = `${locale()} ${digits}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale(), { maximumFractionDigits: digits, minimumFractionDigits: digits });
    numberFormats.set(key, format);
  }
  return format;
}

function dateFormat(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${name}`;
  let format = dateFormats.get(key);
  if (!format) {
    // British English: 24-hour clock, day before month, as the rest of the interface writes them.
    format = new Intl.DateTimeFormat(locale() === "en" ? "en-GB" : "ru", options);
    dateFormats.set(key, format);
  }
  return format;
}

/** A number with grouping and exactly `digits` decimals. */
export function number(value: number, digits = 0): string {
  // What has nothing to group, at most a count, needs none of the tables whose first use takes 15 ms of the start.
  if (digits === 0 && Number.isInteger(value) && value >= 0 && value < 1000) return String(value);
  return numberFormat(digits).format(value);
}

/** A number to be edited: the language's decimal sign, no grouping. */
export function editable(value: number): string {
  return value.toLocaleString(locale(), { useGrouping: false, maximumFractionDigits: 6 });
}

/** Bytes in decimal units, as disks and downloads are sold: `1.7 MB`, `12.1 GB`. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1000) return m.units_bytes({ value: number(value) });
  if (value < 999_500) return m.units_kilobytes({ value: number(value / 1e3) });
  if (value < 999_950_000) return m.units_megabytes({ value: short(value / 1e6) });
  if (value < 999_950_000_000) return m.units_gigabytes({ value: short(value / 1e9) });
  return m.units_terabytes({ value: short(value / 1e12) });
}

/** One decimal where it says something: `1.7`, `12.1`, `188`. */
function short(value: number): string {
  return number(value, value < 99.95 ? 1 : 0);
}

/** `7.9 of 12.1 GB`, or only the first when the whole is not known. */
export function bytesOf(done: number, total: number | null | undefined): string {
  return total ? m.units_of({ done: bytes(done), total: bytes(total) }) : bytes(done);
}

/** Memory in binary gibibytes, as machines are sold: 36 GB of a 38.6e9 byte machine. */
export function memory(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  const gigabytes = value / 1024 ** 3;
  return m.units_gigabytes({ value: number(gigabytes, gigabytes < 10 ? 1 : 0) });
}

/** A part of a machine's memory, in the same units to one decimal: `18.6 GB`, `96 MB`. */
export function memoryPart(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1024 ** 3) return m.units_megabytes({ value: short(value / 1024 ** 2) });
  return m.units_gigabytes({ value: short(value / 1024 ** 3) });
}

/** `41.2 of 128 GB`: a part of a machine's memory and the whole, in the unit of the whole. */
export function memoryOf(used: number, total: number): string {
  const unit = total < 1024 ** 3 ? 1024 ** 2 : 1024 ** 3;
  return m.units_of({ done: short(used / unit), total: memoryPart(total) });
}

/** A part of a whole, 0 to 1: `38%`, with one digit `0.8%`. */
export function percent(value: number, digits = 0): string {
  return m.units_percent({ value: number(value * 100, digits) });
}

/** A number where there is little room: `950`, `12K`, `1.5M`; `12 тыс.`, `1,5 млн`. */
export function compact(value: number): string {
  const options: Intl.NumberFormatOptions = { notation: "compact", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(locale(), options).format(value);
}

/** A measured time: `12 ms`, `0.41 s`, `4.8 s`, `3 min 12 s`. */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 100) return m.units_milliseconds({ value: number(value) });
  if (value < 1000) return m.units_seconds({ value: number(value / 1000, 2) });
  if (value < 60_000) return m.units_seconds({ value: number(value / 1000, 1) });
  return duration(value);
}

/** A lasting time for places that do not count along: `40 s`, `8 min`, `6 h 12 min`. */
export function lasting(value: number): string {
  return duration(value < 60_000 ? value : Math.floor(value / 60_000) * 60_000);
}

/** A lasting time in its two largest units: `3 min 12 s`, `6 h 12 min`, `3 d 4 h`. */
export function duration(value: number): string {
  const seconds = Math.max(0, Math.floor(value / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return join(m.units_days({ value: number(days) }), hours % 24, (n) => m.units_hours({ value: n }));
  if (hours > 0) return join(m.units_hours({ value: number(hours) }), minutes % 60, (n) => m.units_minutes({ value: n }));
  if (minutes >= 10) return m.units_minutes({ value: number(minutes) });
  if (minutes > 0)
    return join(m.units_minutes({ value: number(minutes) }), seconds % 60, (n) => m.units_seconds({ value: n }));
  return m.units_seconds({ value: number(seconds) });
}

function join(first: string, rest: number, unit: (value: string) => string): string {
  return rest > 0 ? `${first} ${unit(number(rest))}` : first;
}

/** Speed of generation: `64.2 tok/s`. */
export function tokensPerSecond(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return m.units_tokens_per_second({ value: number(value, value < 100 ? 1 : 0) });
}

/** Clock time: `14:05`. */
export function clock(timestamp: number): string {
  return dateFormat("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(timestamp);
}

/** Clock time of a log line: `14:05:09.123`. */
export function clockExact(timestamp: number): string {
  return dateFormat("exact", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
  }).format(timestamp);
}

/** Clock time today, with its day before: `14:05`, `18 Nov, 22:10`. */
export function moment(timestamp: number, now: number): string {
  const isToday = new Date(timestamp).toDateString() === new Date(now).toDateString();
  return isToday ? clock(timestamp) : dateTime(timestamp);
}

/** Day and clock time: `18 Nov, 22:10`. */
export function dateTime(timestamp: number): string {
  return dateFormat("datetime", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(timestamp);
}

/** Day alone: `18 November`. */
export function day(timestamp: number): string {
  return dateFormat("day", { day: "numeric", month: "long" }).format(timestamp);
}

/** Day in little room: `18 Nov`. */
export function shortDay(timestamp: number): string {
  return dateFormat("shortday", { day: "numeric", month: "short" }).format(timestamp);
}

/** Month with its year, in little room: `Nov 2026`. */
export function month(timestamp: number): string {
  return dateFormat("month", { month: "short", year: "numeric" }).format(timestamp);
}
