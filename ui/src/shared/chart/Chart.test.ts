import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import { axeFindings } from "../../test-axe";
import Chart from "./Chart.svelte";
import { INKS, type Series } from "./series";

/** axe-core looks at every element, which takes a while without a layout. */
const SLOW_MS = 30_000;
const INK = INKS[0] ?? { tone: "first", dash: "solid" };
const SPANS = [0, 1, 2, 3].map((at) => ({ from: at * 60_000, until: (at + 1) * 60_000 }));

function line(key: string, values: (number | null)[], figure?: string): Series {
  return { key, label: key, values, kind: "line", ink: INK, figure };
}

function show(series: Series[]): void {
  render(Chart, {
    title: "First token",
    spans: SPANS,
    series,
    facts: [{ label: "max", value: "9 ms" }],
    format: (value: number) => `${value} ms`,
    valueMark: String,
    timeMark: String,
    spanWords: ({ from }: { from: number }) => `minute ${from / 60_000}`,
    testid: "chart",
  });
}

const slider = (): HTMLElement => screen.getByRole("slider", { name: "First token" });
const spoken = (): string | null => slider().getAttribute("aria-valuetext");

describe("a chart", () => {
  beforeEach(() => show([line("p50", [1, null, 3, null], "2 ms"), line("p95", [5, null, 7, null])]));

  it("has its figures as text", () => {
    expect(screen.getByTestId("chart").textContent).toContain("2 ms");
    expect(spoken()).toBe("p50 2 ms, max 9 ms");
  });

  it("is walked by the keyboard over what was measured, and says the values", async () => {
    await fireEvent.keyDown(slider(), { key: "ArrowLeft" });
    expect(spoken()).toBe("minute 2: p50 3 ms, p95 7 ms");
    expect(slider().getAttribute("aria-valuenow")).toBe("2");
    await fireEvent.keyDown(slider(), { key: "ArrowLeft" });
    expect(spoken()).toBe("minute 0: p50 1 ms, p95 5 ms");
    await fireEvent.keyDown(slider(), { key: "Escape" });
    expect(spoken()).toBe("p50 2 ms, max 9 ms");
  });

  it("has a table, the newest first, without the gaps", { timeout: SLOW_MS }, async () => {
    const toggle = screen.getByTestId("chart-table");
    expect(screen.queryByRole("table")).toBeNull();
    await fireEvent.click(toggle);
    const rows = within(screen.getByRole("table")).getAllByRole("row");
    const words = rows.map((row) => [...row.children].map((cell) => cell.textContent).join(" | "));
    expect(words).toEqual(["Time | p50 | p95", "minute 2 | 3 ms | 7 ms", "minute 0 | 1 ms | 5 ms"]);
    expect(toggle.getAttribute("aria-pressed")).toBe("true");
    expect(await axeFindings()).toEqual([]);
  });
});

describe("a chart of nothing", () => {
  it("says so in words, in its table, and to the keyboard", { timeout: SLOW_MS }, async () => {
    show([line("p50", [null, null, null, null])]);
    await fireEvent.keyDown(slider(), { key: "ArrowLeft" });
    expect(slider().textContent).toContain("Nothing was measured");
    await fireEvent.click(screen.getByTestId("chart-table"));
    expect(screen.getByRole("table").textContent).toContain("Nothing was measured");
    expect(await axeFindings()).toEqual([]);
  });
});
