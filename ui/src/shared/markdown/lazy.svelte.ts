import type MarkdownComponent from "./Markdown.svelte";
import type * as Plain from "./plain";

/** How long after the first paint an idle moment is waited for, milliseconds. */
const IDLE_MS = 1000;

/**
 * The component that draws Markdown, with its parser, its sanitiser and the colours of code: a quarter of
 * the program's text, which the first page does not need. A thread waits for it before it is drawn, so
 * that nobody sees unformatted text.
 */
class LazyMarkdown {
  /** Null until it is loaded. */
  component = $state.raw<typeof MarkdownComponent | null>(null);
  #plain: typeof Plain | null = null;
  #loading: Promise<void> | null = null;

  /** Loads it once; after a failure the next call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#import();
    return this.#loading;
  }

  /** Loads it when the window has nothing better to do. */
  loadWhenIdle(): void {
    const load = (): void => void this.load().catch(() => undefined);
    // The first page is painted before; a window that nobody sees paints nothing and needs nothing.
    requestAnimationFrame(() => {
      // WebKit has no idle callback.
      if ("requestIdleCallback" in window) requestIdleCallback(load, { timeout: 2 * IDLE_MS });
      else setTimeout(load, IDLE_MS);
    });
  }

  /** What a text says without its markup; the text itself while nothing is loaded. */
  plainText(markdown: string): string {
    return this.#plain?.plainText(markdown) ?? markdown;
  }

  /** The lines of a text as they are drawn; the text itself while nothing is loaded. */
  drawnLines(markdown: string): string[] {
    return this.#plain?.drawnLines(markdown) ?? [markdown];
  }

  async #import(): Promise<void> {
    try {
      const [component, plain] = await Promise.all([import("./Markdown.svelte"), import("./plain")]);
      this.#plain = plain;
      this.component = component.default;
    } catch (thrown) {
      this.#loading = null;
      throw thrown;
    }
  }
}

/** The one way to Markdown. */
export const markdown = new LazyMarkdown();
