import { clock } from "../../i18n/format";
import { locale } from "../../i18n/locale.svelte";
import { groupOf } from "./days";

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

/** A past time as short as its distance allows: `10:12`, `Tue`, `14 Nov`, `03/2024`. */
export function whenOf(timestamp: number, now = Date.now()): string {
  const group = groupOf(timestamp, now);
  if (group === "today" || group === "yesterday") return clock(timestamp);
  if (group === "week") return format("weekday", { weekday: "short" }).format(timestamp);
  if (new Date(timestamp).getFullYear() === new Date(now).getFullYear())
    return format("day", { day: "numeric", month: "short" }).format(timestamp);
  return format("month", { month: "2-digit", year: "numeric" }).format(timestamp);
}
