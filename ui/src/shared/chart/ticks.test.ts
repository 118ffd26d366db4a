import { describe, expect, it } from "vitest";
import { timeTicks, valueTicks } from "./ticks";

const HOUR = 3_600_000;

/** Stretches of equal length from a local moment on. */
function spans(from: Date, length: number, count: number) {
  return Array.from({ length: count }, (_, at) => ({ from: from.getTime() + at * length, until: from.getTime() + (at + 1) * length }));
}

describe("the marks of values", () => {
  it("are round, from zero to over the greatest", () => {
    expect(valueTicks(4810, false).marks).toEqual([0, 2000, 4000, 6000]);
    expect(valueTicks(100, true).marks).toEqual([0, 25, 50, 75, 100]);
    expect(valueTicks(0.44, false).marks.at(-1)).toBeGreaterThanOrEqual(0.44);
  });

  it("count whole things in whole steps", () => {
    expect(valueTicks(1, true).marks).toEqual([0, 1]);
    expect(valueTicks(3, true).marks).toEqual([0, 1, 2, 3]);
    expect(valueTicks(10, true).marks).toEqual([0, 5, 10]);
  });

  it("are there when there is nothing, and stay few when there is very much", () => {
    expect(valueTicks(0, true).marks).toEqual([0, 1]);
    expect(valueTicks(0, false).marks.length).toBeGreaterThan(1);
    for (const most of [7, 99, 12_345, 1e6, 417e9]) expect(valueTicks(most, true).marks.length).toBeLessThanOrEqual(6);
  });
});

describe("the marks of time", () => {
  it("stand at round hours of the local day", () => {
    const { marks, unit } = timeTicks(spans(new Date(2026, 10, 19, 11, 30), HOUR / 2, 48), 6);
    expect(unit).toBe("clock");
    expect(marks.map((at) => new Date(at).getHours())).toEqual([12, 18, 0, 6]);
    expect(marks.every((at) => new Date(at).getMinutes() === 0)).toBe(true);
  });

  it("stand at midnights over a week", () => {
    const { marks, unit } = timeTicks(spans(new Date(2026, 10, 12, 14), 2 * HOUR, 84), 7);
    expect(unit).toBe("day");
    expect(marks.length).toBe(7);
    expect(marks.every((at) => new Date(at).getHours() === 0)).toBe(true);
  });

  it("name whole days under their middle, not more of them than fit", () => {
    const { marks } = timeTicks(spans(new Date(2026, 10, 1), 24 * HOUR, 30), 6);
    expect(marks.length).toBe(6);
    expect(new Date(marks[0] ?? 0).getHours()).toBe(12);
    expect(timeTicks(spans(new Date(2026, 0, 1), 7 * 24 * HOUR, 52), 6).unit).toBe("month");
  });

  it("need no stretch at all", () => {
    expect(timeTicks([], 5).marks.length).toBeLessThan(3);
  });
});
