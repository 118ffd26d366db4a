import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { beforeFrame, flushFrame } from "./frame";

let pictures: (() => void)[] = [];
const done: string[] = [];
const a = () => void done.push("a");
const b = () => void done.push("b");

beforeEach(() => {
  vi.useFakeTimers();
  pictures = [];
  done.length = 0;
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => pictures.push(run));
  vi.stubGlobal("cancelAnimationFrame", () => (pictures = []));
});
afterEach(() => {
  flushFrame();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function draw(): void {
  for (const run of pictures.splice(0)) run();
}

it("does one thing before each picture, in turn, however often it is asked for", () => {
  for (const run of [a, b, a]) beforeFrame(run);
  draw();
  expect(done).toEqual(["a"]);
  beforeFrame(a);
  draw();
  draw();
  draw();
  expect(done).toEqual(["a", "b", "a"]);
});

it("does all of it where nothing is drawn", () => {
  for (const run of [a, b]) beforeFrame(run);
  vi.advanceTimersByTime(250);
  expect(done).toEqual(["a", "b"]);
});

it("lets keys go first, but not for long", () => {
  beforeFrame(a);
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "x" }));
  draw();
  expect(done).toEqual([]);
  for (let key = 0; key < 3; key += 1) {
    vi.advanceTimersByTime(50);
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "y" }));
    draw();
  }
  expect(done).toEqual([]);
  vi.advanceTimersByTime(50);
  draw();
  expect(done).toEqual(["a"]);
});
