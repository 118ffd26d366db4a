import type { Attachment } from "svelte/attachments";

/** What is said of an element while the pointer rests on it or the keyboard is on it. */
export interface Tip {
  label: string;
  /** The keys that do the same, as {@link KeyCap} shows them. */
  keys?: string;
  side?: "top" | "right" | "bottom" | "left";
}

/** How long the pointer rests before anything is said, milliseconds. */
const REST_MS = 500;
/** Whoever goes to the next element within this time has read the one before, milliseconds. */
const NEXT_MS = 200;

/** The one tip of the window. A component for each button would cost more than the buttons themselves. */
class Tips {
  shown = $state.raw<{ element: HTMLElement; tip: Tip } | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hiddenAt = -Infinity;

  /** Says it once the pointer has rested. */
  rest(element: HTMLElement, read: () => Tip | null): void {
    clearTimeout(this.#timer);
    const isNext = performance.now() - this.#hiddenAt < NEXT_MS;
    this.#timer = setTimeout(() => this.show(element, read), isNext ? 0 : REST_MS);
  }

  show(element: HTMLElement, read: () => Tip | null): void {
    clearTimeout(this.#timer);
    const tip = element.isConnected ? read() : null;
    this.shown = tip && { element, tip };
  }

  /** Says nothing any more, of this element or of any. */
  hide(element?: HTMLElement): void {
    clearTimeout(this.#timer);
    if (!this.shown || (element && this.shown.element !== element)) return;
    this.shown = null;
    this.#hiddenAt = performance.now();
  }
}

/** The one tip of the window. */
export const tips = new Tips();

/** Gives an element its tip; what `read` returns is asked for when it is shown. */
export function tip(read: () => Tip | null): Attachment<HTMLElement> {
  return (element) => {
    const end = new AbortController();
    const on = <K extends keyof HTMLElementEventMap>(name: K, run: (event: HTMLElementEventMap[K]) => void): void =>
      element.addEventListener(name, run, { signal: end.signal });
    on("pointerenter", (event) => {
      if (event.pointerType !== "touch") tips.rest(element, read);
    });
    on("pointerleave", () => tips.hide(element));
    // What the button does is seen now; a menu that it opens lies where the tip would.
    on("pointerdown", () => tips.hide());
    on("focus", () => {
      if (element.matches(":focus-visible")) tips.show(element, read);
    });
    on("blur", () => tips.hide(element));
    return () => {
      end.abort();
      tips.hide(element);
    };
  };
}
