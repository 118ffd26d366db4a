/** Pixels from the end that still count as the end. */
const NEAR = 24;

/**
 * Keeps a growing list at its end until the person scrolls up, and takes it up again when they come
 * back. Scrolling up is told from a list that shrinks: then its height falls with its position.
 */
export class EndFollower {
  following = $state(true);
  #element: HTMLElement | null = null;
  #lastTop = 0;
  #lastHeight = 0;

  /** Watches a scrolling element; returns what ends it. */
  watch(element: HTMLElement): () => void {
    this.#element = element;
    const onScroll = (): void => this.#scrolled();
    const onWheel = (event: WheelEvent): void => {
      if (event.deltaY < 0 && element.scrollHeight > element.clientHeight) this.following = false;
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    element.addEventListener("wheel", onWheel, { passive: true });
    this.contentChanged();
    return () => {
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("wheel", onWheel);
      this.#element = null;
    };
  }

  /** To be called when the content has grown or shrunk. */
  contentChanged(): void {
    if (this.following) this.#toEnd();
  }

  /** Goes to the end and stays there. */
  resume(): void {
    this.following = true;
    this.#toEnd();
  }

  #toEnd(): void {
    const element = this.#element;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    this.#remember(element);
  }

  #scrolled(): void {
    const element = this.#element;
    if (!element) return;
    const isUp = element.scrollTop < this.#lastTop - 1 && element.scrollHeight >= this.#lastHeight;
    const isDown = element.scrollTop > this.#lastTop + 1;
    if (isUp) this.following = false;
    else if (isDown && element.scrollHeight - element.scrollTop - element.clientHeight <= NEAR) this.following = true;
    this.#remember(element);
  }

  #remember(element: HTMLElement): void {
    this.#lastTop = element.scrollTop;
    this.#lastHeight = element.scrollHeight;
  }
}
