import { afterEach } from "vitest";
import { cleanup } from "@testing-library/svelte";

afterEach(() => {
  cleanup();
});

// jsdom has no media queries: a wide window in light colours.
window.matchMedia ??= (media: string) =>
  Object.assign(new EventTarget(), {
    matches: media.includes("min-width"),
    media,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined,
  });

// Nor does it scroll.
Element.prototype.scrollIntoView ??= () => undefined;

// Nor does it lay anything out: no size ever changes.
window.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
