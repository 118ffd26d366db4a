import { describe, expect, it } from "vitest";

import { ALL_LEVELS, findPieces, LogFilter, type LogCriteria, type LogEntry } from "./log-filter";

function line(key: number, more: Partial<LogEntry> = {}): LogEntry {
  return { key, timestamp: key, level: "info", part: "ssh", text: `line ${key}`, serverId: "a", taskId: null, ...more };
}
const criteria = (more: Partial<LogCriteria> = {}): LogCriteria => ({ text: "", levels: ALL_LEVELS, serverId: null, taskId: null, ...more });
const keys = (match: { lines: readonly LogEntry[] }): number[] => match.lines.map(({ key }) => key);

describe("the log filter", () => {
  const all = [
    line(1, { level: "debug" }),
    line(2, { serverId: "b", text: "First Token after 411 ms" }),
    line(3, { level: "error", taskId: "t1", text: "no first token" }),
    line(4, { level: "warn", part: "engine" }),
  ];

  it("meets every criterion and counts levels without regard to the shown ones", () => {
    const filter = new LogFilter();
    expect(keys(filter.apply(all, criteria()))).toEqual([1, 2, 3, 4]);
    expect(keys(filter.apply(all, criteria({ text: " first token " })))).toEqual([2, 3]);
    expect(keys(filter.apply(all, criteria({ text: "ENGINE" })))).toEqual([4]);
    expect(keys(filter.apply(all, criteria({ serverId: "b" })))).toEqual([2]);
    expect(keys(filter.apply(all, criteria({ taskId: "t1" })))).toEqual([3]);
    const match = filter.apply(all, criteria({ levels: new Set(["error"]) }));
    expect(keys(match)).toEqual([3]);
    expect(match.counts).toEqual({ debug: 1, info: 1, warn: 1, error: 1 });
  });

  it("looks only at new lines while lines are added", () => {
    const filter = new LogFilter();
    const first = filter.apply(all, criteria({ text: "line" }));
    expect(filter.apply(all, criteria({ text: "line" }))).toBe(first);
    const watched = new Proxy([...all, line(5)], {
      get: (target, key, receiver) => {
        if (key === "1") throw new Error("an old line was read again");
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    const next = filter.apply(watched, criteria({ text: "line" }));
    expect(keys(next)).toEqual([1, 4, 5]);
    expect(keys(first)).toEqual([1, 4]);
  });

  it("starts anew when lines left or the levels set was changed in place", () => {
    const filter = new LogFilter();
    const levels = new Set(ALL_LEVELS);
    filter.apply(all, criteria({ levels }));
    levels.delete("warn");
    expect(keys(filter.apply(all, criteria({ levels })))).toEqual([1, 2, 3]);
    expect(keys(filter.apply(all.slice(2), criteria()))).toEqual([3, 4]);
    expect(keys(filter.apply([], criteria()))).toEqual([]);
  });

  it("passes fifty thousand lines quickly", () => {
    const many = Array.from({ length: 50_000 }, (_, index) => line(index));
    const filter = new LogFilter();
    const from = performance.now();
    expect(filter.apply(many, criteria({ text: "line 4999" })).lines).toHaveLength(11);
    expect(performance.now() - from).toBeLessThan(500);
  });
});

describe("pieces", () => {
  it("split at what is looked for", () => {
    expect(findPieces("Aa b aA", "aa")).toEqual([
      { text: "Aa", found: true },
      { text: " b ", found: false },
      { text: "aA", found: true },
    ]);
    expect(findPieces("text", "")).toEqual([{ text: "text", found: false }]);
    expect(findPieces("İi", "i")).toEqual([{ text: "İi", found: false }]);
  });
});
