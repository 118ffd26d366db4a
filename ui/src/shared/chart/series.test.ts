import { describe, expect, it } from "vitest";
import { drawn, INKS, lonely, measured, moved, type Series } from "./series";

const INK = INKS[0] ?? { tone: "first", dash: "solid" };

function series(key: string, values: (number | null)[]): Series {
  return { key, label: key, values, kind: "bars", ink: INK };
}

describe("what is drawn of series", () => {
  it("is each by itself, or each on top of the ones after it", () => {
    const all = [series("a", [1, null, 3]), series("b", [10, 20, null])];
    expect(drawn(all, false)).toEqual([
      [1, null, 3],
      [10, 20, null],
    ]);
    expect(drawn(all, true)).toEqual([
      [11, null, 3],
      [10, 20, null],
    ]);
  });

  it("shows a value between two gaps, and a single one, as a point", () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
    expect(lonely([7])).toEqual([0]);
    expect(lonely([null, null])).toEqual([]);
    expect(lonely([0, 1])).toEqual([]);
  });

  it("knows six inks that no two lines share", () => {
    expect(new Set(INKS.map(({ tone, dash }) => `${tone} ${dash}`)).size).toBe(INKS.length);
  });
});

describe("the cursor of the keyboard", () => {
  const places = measured([series("a", [null, 1, null, 2]), series("b", [null, null, null, 5])], 4);

  it("stands only where something was measured, zero too", () => {
    expect(places).toEqual([1, 3]);
    expect(measured([series("a", [0, null])], 2)).toEqual([0]);
  });

  it("begins at the newest, goes both ways and stops at the ends", () => {
    expect(moved(places, null, "ArrowLeft")).toBe(3);
    expect(moved(places, 3, "ArrowLeft")).toBe(1);
    expect(moved(places, 1, "ArrowLeft")).toBe(1);
    expect(moved(places, 1, "ArrowRight")).toBe(3);
    expect(moved(places, 3, "ArrowRight")).toBe(3);
    expect(moved(places, 3, "Home")).toBe(1);
    expect(moved(places, null, "End")).toBe(3);
  });

  it("leaves a gap, where the pointer put it, to either side", () => {
    expect(moved(places, 2, "ArrowRight")).toBe(3);
    expect(moved(places, 2, "ArrowLeft")).toBe(1);
  });

  it("does nothing on other keys, and where nothing was measured", () => {
    expect(moved(places, 1, "x")).toBeNull();
    expect(moved([], null, "ArrowLeft")).toBeNull();
  });
});
