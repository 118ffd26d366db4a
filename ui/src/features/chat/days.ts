import type { Session } from "../../ipc/bindings";

/** A group of the list, from the newest to the oldest. */
export type DayGroup = "pinned" | "today" | "yesterday" | "week" | "month" | "older";

/** A line of the list: the head of a group, or a conversation. */
export type ListLine = { head: DayGroup; session?: undefined } | { head?: undefined; session: Session };

const DAY_MS = 86_400_000;

/** Midnight at the start of the local day. */
function startOfDay(timestamp: number): number {
  return new Date(timestamp).setHours(0, 0, 0, 0);
}

/** The group of a conversation that changed at a time. Days are those of the calendar, not 24 hours. */
export function groupOf(updatedAt: number, now: number): Exclude<DayGroup, "pinned"> {
  const days = Math.round((startOfDay(now) - startOfDay(updatedAt)) / DAY_MS);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  if (days <= 7) return "week";
  return days <= 30 ? "month" : "older";
}

/** The list: pinned ones on top, then by day, each group under its head. `sessions` come newest first. */
export function linesByDay(sessions: readonly Session[], now: number): ListLine[] {
  const lines: ListLine[] = [];
  const pinned = sessions.filter((session) => session.pinned);
  if (pinned.length > 0) lines.push({ head: "pinned" }, ...pinned.map((session) => ({ session })));
  let group: DayGroup | null = null;
  for (const session of sessions) {
    if (session.pinned) continue;
    const next = groupOf(session.updated_at, now);
    if (next !== group) lines.push({ head: next });
    group = next;
    lines.push({ session });
  }
  return lines;
}

/** Conversations whose title contains all words of a text, letter case aside. */
export function filterByTitle(sessions: readonly Session[], text: string): readonly Session[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return sessions;
  return sessions.filter(({ title }) => {
    const lower = title.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}
