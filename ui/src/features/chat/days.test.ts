import { describe, expect, it } from "vitest";

import { blankSession } from "../../ipc/blank";
import type { Session } from "../../ipc/bindings";
import { filterByTitle, groupOf, linesByDay } from "./days";

const now = new Date(2025, 10, 20, 0, 30).getTime();

function session(id: string, updated: Date, more: Partial<Session> = {}): Session {
  return blankSession(id, { updated_at: updated.getTime(), ...more });
}

describe("days", () => {
  it("are those of the calendar", () => {
    expect(groupOf(now, now)).toBe("today");
    expect(groupOf(new Date(2025, 10, 20, 0, 0).getTime(), now)).toBe("today");
    expect(groupOf(new Date(2025, 10, 19, 23, 59).getTime(), now)).toBe("yesterday");
    expect(groupOf(new Date(2025, 10, 18, 23, 59).getTime(), now)).toBe("week");
    expect(groupOf(new Date(2025, 10, 13, 12).getTime(), now)).toBe("week");
    expect(groupOf(new Date(2025, 10, 12, 12).getTime(), now)).toBe("month");
    expect(groupOf(new Date(2025, 9, 20, 12).getTime(), now)).toBe("older");
  });

  it("hold across the change to summer time", () => {
    expect(groupOf(new Date(2025, 2, 29, 12).getTime(), new Date(2025, 2, 30, 12).getTime())).toBe("yesterday");
  });

  it("count a clock that was set back as today", () => {
    expect(groupOf(now + 5 * 86_400_000, now)).toBe("today");
  });

  it("head their groups, pinned ones first", () => {
    const lines = linesByDay(
      [session("a", new Date(now)), session("p", new Date(now), { pinned: true }), session("b", new Date(now)), session("c", new Date(2025, 10, 19))],
      now,
    );
    expect(lines.map((line) => line.head ?? line.session?.id)).toEqual(["pinned", "p", "today", "a", "b", "yesterday", "c"]);
  });
});

describe("the filter", () => {
  it("wants every word, in any order and case", () => {
    const all = [session("Deploy on Debian", new Date(now)), session("Тоннели и порты", new Date(now))];
    expect(filterByTitle(all, " DEBIAN deploy ").map(({ id }) => id)).toEqual(["Deploy on Debian"]);
    expect(filterByTitle(all, "порты ТОН").map(({ id }) => id)).toEqual(["Тоннели и порты"]);
    expect(filterByTitle(all, "x")).toEqual([]);
    expect(filterByTitle(all, "  ")).toBe(all);
  });
});
