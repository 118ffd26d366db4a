import { describe, expect, it } from "vitest";
import { dayWords, parseDay, rangeOf } from "./metrics-range";

const DAY = 86_400_000;
const NOW = new Date(2026, 10, 19, 11, 23, 45).getTime();

describe("a range of time", () => {
  it("that ends now is cut at round local times", () => {
    const hour = rangeOf("hour", null, NOW);
    expect(hour).toEqual({ from: hour.until - 3_600_000, until: new Date(2026, 10, 19, 11, 24).getTime(), buckets: 60 });
    const day = rangeOf("day", null, NOW);
    expect(day).toEqual({ from: day.until - DAY, until: new Date(2026, 10, 19, 11, 30).getTime(), buckets: 48 });
    expect(rangeOf("week", null, NOW).buckets).toBe(84);
    expect(rangeOf("month", null, NOW).buckets).toBe(60);
  });

  it("always holds the moment that it ends at", () => {
    for (const name of ["hour", "day", "week", "month"] as const) {
      const { from, until } = rangeOf(name, null, NOW);
      expect(from).toBeLessThan(NOW);
      expect(until).toBeGreaterThanOrEqual(NOW);
    }
  });

  it("between two days holds both of them whole", () => {
    const dates = { first: new Date(2026, 10, 1).getTime(), last: new Date(2026, 10, 19).getTime() };
    const { from, until, buckets } = rangeOf("dates", dates, NOW);
    expect(new Date(from)).toEqual(new Date(2026, 10, 1));
    expect(new Date(until)).toEqual(new Date(2026, 10, 20));
    expect(buckets).toBe(76);
  });

  it("of one day, a year or ten is never cut finer than the backend takes", () => {
    for (const days of [0, 1, 30, 365, 3650]) {
      const { buckets } = rangeOf("dates", { first: NOW - days * DAY, last: NOW }, NOW);
      expect(buckets).toBeGreaterThanOrEqual(1);
      expect(buckets).toBeLessThanOrEqual(130);
    }
  });
});

describe("a day in words", () => {
  it("is read when it is one, and written the same", () => {
    expect(parseDay(" 2026-11-19 ")).toBe(new Date(2026, 10, 19).getTime());
    expect(dayWords(new Date(2026, 0, 5, 23).getTime())).toBe("2026-01-05");
    for (const words of ["", "19.11.2026", "2026-02-30", "2026-13-01", "1960-01-01"]) expect(parseDay(words)).toBeNull();
  });
});
