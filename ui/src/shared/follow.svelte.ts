/** Pixels from the end that still count as the end. */
const NEAR = 24;
/** How long after a key or a turn of the wheel a list still moves because of it, milliseconds. */
const HAND_MS = 500;

/**
 * Keeps a growing list at its end until the person scrolls up, and takes it up again when they come
 * back. Lists also move by themselves while their rows are measured, so moving up only counts when a
 * wheel, a key, a finger or the scroll bar is behind it. The size of the list and of what it shows are
 * watched, so that nobody has to say when something was added.
 */
export class EndFollower {
  following = $state(true);
  #element: HTMLElement | null = null;
  #lastTop = 0;
  /** Until when a movement is the person's. */
  #handUntil = 0;
  #dragging = false;

  /** Watches a scrolling element and the one element in it; returns what ends it. */
  watch(element: HTMLElement): () => void {
    const end = new AbortController();
    const options = { passive: true, signal: end.signal };
    this.#element = element;
    const byHand = (): void => {
      this.#handUntil = performance.now() + HAND_MS;
    };
    element.addEventListener("scroll", () => this.#scrolled(element), options);
    element.addEventListener("keydown", byHand, options);
    element.addEventListener("touchmove", byHand, options);
    element.addEventListener(
      "wheel",
      (event) => {
        byHand();
        // At once, before the next piece of text pulls the list down again.
        if (event.deltaY < 0 && element.scrollTop > 0) this.following = false;
      },
      options,
    );
    element.addEventListener(
      "pointerdown",
      (event) => {
        this.#dragging = event.target === element;
      },
      options,
    );
    // The scroll bar may keep the release of its own button to itself.
    const released = (event: PointerEvent): void => {
      if (event.buttons === 0) this.#dragging = false;
    };
    window.addEventListener("pointerup", released, options);
    window.addEventListener("pointermove", released, options);
    const sizes = new ResizeObserver(() => this.keepUp());
    sizes.observe(element);
    if (element.firstElementChild) sizes.observe(element.firstElementChild);
    this.keepUp();
    return () => {
      end.abort();
      sizes.disconnect();
      this.#element = null;
    };
  }

  /** Goes to the end and stays there. */
  resume(): void {
    this.following = true;
    this.#toEnd();
  }

  /** Goes to the end if it is followed. Sizes are watched; this is for what was just added. */
  keepUp(): void {
    if (this.following) this.#toEnd();
  }

  #toEnd(): void {
    const element = this.#element;
    if (!element) return;
    const before = element.scrollTop;
    element.scrollTop = element.scrollHeight;
    this.#lastTop = element.scrollTop;
    // Browsers tell of a scroll only in the next frame; the rows at the end are wanted in this one.
    if (element.scrollTop !== before) element.dispatchEvent(new Event("scroll"));
  }

  #scrolled(element: HTMLElement): void {
    const { scrollTop, scrollHeight, clientHeight } = element;
    const moved = scrollTop - this.#lastTop;
    this.#lastTop = scrollTop;
    const isHand = this.#dragging || performance.now() < this.#handUntil;
    const isAtEnd = scrollHeight - scrollTop - clientHeight <= NEAR;
    if (moved < -1 && isHand) this.following = false;
    else if (moved > 1 && isAtEnd) this.following = true;
    else if (this.following && !isAtEnd && !isHand) requestAnimationFrame(() => this.keepUp());
  }
}
