import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { EndFollower } from "./follow.svelte";
import type { LogEntry } from "./log-filter";
import LogViewer from "./LogViewer.svelte";

/** Layout that jsdom does not do: rows of 22 px in a box of 220 px. */
const ROW = 22;
const BOX = 220;
let observers: { run: ResizeObserverCallback; targets: Set<Element> }[] = [];

class Sizes implements ResizeObserver {
  readonly #entry: (typeof observers)[number];
  constructor(run: ResizeObserverCallback) {
    this.#entry = { run, targets: new Set() };
    observers.push(this.#entry);
  }
  observe(target: Element): void {
    this.#entry.targets.add(target);
  }
  unobserve(target: Element): void {
    this.#entry.targets.delete(target);
  }
  disconnect(): void {
    this.#entry.targets.clear();
  }
}

/** Tells every observer the sizes of what it watches, as a browser does after a layout. */
async function layout(): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await tick();
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const { run, targets } of observers) {
      const entries = [...targets].filter((target) => target.isConnected).map((target) => {
        const height = target.getAttribute("role") === "treegrid" ? BOX : ROW;
        return { target, contentRect: { width: 400, height } } as unknown as ResizeObserverEntry;
      });
      if (entries.length > 0) run(entries, {} as ResizeObserver);
    }
  }
}

function lines(count: number, from = 1): LogEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    key: from + index,
    timestamp: (from + index) * 1000,
    level: (["info", "debug", "warn", "error"] as const)[(from + index) % 4] ?? "info",
    part: "ssh",
    text: `line ${from + index}`,
    serverId: "studio",
    taskId: "task-4f2a",
  }));
}

/** Where a list of so many lines ends. */
const end = (count: number): number => count * ROW - BOX;
const tops = new WeakMap<Element, number>();
const box = (): HTMLElement => screen.getByTestId("log-lines");

beforeEach(() => {
  observers = [];
  vi.stubGlobal("ResizeObserver", Sizes);
  Object.assign(document.defaultView ?? {}, { ResizeObserver: Sizes });
  Object.defineProperty(HTMLElement.prototype, "scrollTop", {
    configurable: true,
    get(this: HTMLElement) {
      return tops.get(this) ?? 0;
    },
    set(this: HTMLElement, top: number) {
      tops.set(this, Math.max(0, Math.min(top, this.scrollHeight - this.clientHeight)));
    },
  });
  HTMLElement.prototype.scrollTo = function scrollTo(this: HTMLElement, options?: ScrollToOptions | number) {
    if (typeof options === "object" && options.top !== undefined) this.scrollTop = options.top;
  };
  Object.defineProperty(HTMLElement.prototype, "offsetHeight", { configurable: true, get: () => BOX });
  Object.defineProperty(HTMLElement.prototype, "offsetParent", { configurable: true, get: () => document.body });
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => BOX });
  Object.defineProperty(HTMLElement.prototype, "scrollHeight", {
    configurable: true,
    get(this: HTMLElement) {
      return parseFloat((this.firstElementChild as HTMLElement | null)?.style.height ?? "0") || BOX;
    },
  });
});

async function show(count: number): Promise<{ follower: EndFollower; more: (all: LogEntry[], find?: string) => Promise<void> }> {
  const follower = new EndFollower();
  const { rerender } = render(LogViewer, { lines: lines(count), follower });
  await layout();
  return {
    follower,
    more: async (all, find = "") => {
      await rerender({ lines: all, follower, find });
      await layout();
    },
  };
}

async function scrollTo(top: number): Promise<void> {
  box().scrollTop = top;
  await fireEvent.scroll(box());
  await layout();
}

describe("the log viewer", () => {
  it("draws only what is seen of fifty thousand lines", async () => {
    await show(50_000);
    expect(box().getAttribute("aria-rowcount")).toBe("50000");
    expect(screen.getAllByRole("row").length).toBeLessThan(60);
  });

  it("starts at the end and stays there while lines come", async () => {
    const { more } = await show(100);
    expect(box().scrollTop).toBe(end(100));
    await more(lines(150));
    expect(box().scrollTop).toBe(end(150));
  });

  it("lets go when the person scrolls up and takes up again at the end", async () => {
    const { follower, more } = await show(100);
    await fireEvent.wheel(box(), { deltaY: -100 });
    await scrollTo(500);
    expect(follower.following).toBe(false);
    await more(lines(150));
    expect(box().scrollTop).toBe(500);
    await scrollTo(end(150));
    expect(follower.following).toBe(true);
    await more(lines(200));
    expect(box().scrollTop).toBe(end(200));
  });

  it("does not take a list that moves by itself for the person", async () => {
    const { follower } = await show(100);
    await scrollTo(1000);
    expect(follower.following).toBe(true);
    expect(box().scrollTop).toBe(end(100));
  });

  it("opens and closes the details of a line with the keyboard", async () => {
    await show(20);
    await fireEvent.keyDown(box(), { key: "End" });
    await layout();
    expect(box().getAttribute("aria-activedescendant")).toMatch(/-20$/);
    await fireEvent.keyDown(box(), { key: "Enter" });
    await layout();
    expect(screen.getByText(/task-4f2a/, { selector: "dd" })).toBeTruthy();
    await fireEvent.keyDown(box(), { key: "Escape" });
    await layout();
    expect(screen.queryByText(/task-4f2a/, { selector: "dd" })).toBeNull();
  });

  it("stops following when the keyboard goes up", async () => {
    const { follower } = await show(100);
    await fireEvent.keyDown(box(), { key: "ArrowUp" });
    await fireEvent.keyDown(box(), { key: "ArrowUp" });
    expect(follower.following).toBe(false);
  });

  it("marks what is looked for", async () => {
    const { more } = await show(20);
    await more(lines(20), "LINE 2");
    expect([...document.querySelectorAll("mark")].map((mark) => mark.textContent)).toContain("line 2");
  });
});
