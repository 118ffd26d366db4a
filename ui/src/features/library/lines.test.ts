import { describe, expect, it } from "vitest";
import { groupOf } from "../../i18n/when";
import { blankSession } from "../../ipc/blank";
import type { Session } from "../../ipc/bindings";
import { linesByDay, listLines } from "./lines";

const now = new Date(2025, 10, 20, 0, 30).getTime();

function session(id: string, at: Date, part: Partial<Session> = {}): Session {
  return blankSession(id, { created_at: at.getTime(), updated_at: at.getTime(), ...part });
}

describe("days", () => {
  it("are those of the calendar", () => {
    expect(groupOf(new Date(2025, 10, 20, 0, 1).getTime(), now)).toBe("today");
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

  it("head their groups", () => {
    const all = [session("a", new Date(now)), session("b", new Date(now)), session("c", new Date(2025, 10, 19))];
    expect(linesByDay(all, now).map(({ key }) => key)).toEqual(["head today", "a", "b", "head yesterday", "c"]);
  });
});

describe("the list", () => {
  const all = [
    session("a", new Date(now)),
    session("p", new Date(now), { pinned: true, folder_id: "f" }),
    session("b", new Date(now), { folder_id: "f" }),
    session("c", new Date(2025, 10, 19), { folder_id: "gone" }),
    session("d", new Date(2025, 10, 18), { folder_id: "g" }),
  ];
  const folders = [
    { id: "f", name: "F" },
    { id: "g", name: "G" },
    { id: "h", name: "H" },
  ];

  it("has pinned ones on top, then the folders, then the rest by day", () => {
    const lines = listLines(all, folders, new Set(["g"]), now);
    expect(lines.map(({ key }) => key)).toEqual([
      "head pinned",
      "p",
      "head folders",
      "folder f",
      "b",
      "folder g",
      "folder h",
      "head today",
      "a",
      "head yesterday",
      "c",
    ]);
    expect(lines.filter((line) => line.kind === "folder").map(({ count, open }) => [count, open])).toEqual([
      [1, true],
      [1, false],
      [0, true],
    ]);
  });

  it("keeps conversations in sight whose folder is not known", () => {
    expect(listLines(all, [], new Set(), now).map(({ key }) => key)).toContain("c");
  });
});
