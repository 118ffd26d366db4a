/** A top-level block as it is drawn. */
import type { BlockTokens } from "./parser";

/** A block of code, which needs no HTML. */
export interface CodeText {
  text: string;
  language: string;
  closed: boolean;
}

/** A rendered top-level block. A finished block is the same object in every update. */
export class RenderedBlock {
  /** More of it may come. */
  growing = false;
  /** Kept where a later definition could still turn text into a link or a footnote. */
  readonly tokens: BlockTokens | null;
  /** Set for a block that is nothing but code. */
  readonly code: CodeText | null;
  /** Set for a block that is nothing but text as it was written. */
  readonly text: string | null;
  #html: string | null = null;
  #render: (() => string) | null;

  constructor(render: () => string, { tokens = null, code = null, text = null }: Partial<Pick<RenderedBlock, "tokens" | "code" | "text">> = {}) {
    this.#render = render;
    this.tokens = tokens;
    this.code = code;
    this.text = text;
  }

  /** HTML, not yet sanitised; made when it is first asked for. */
  get html(): string {
    if (this.#render) {
      this.#html = this.#render();
      this.#render = null;
    }
    return this.#html ?? "";
  }

  /** Whether this block looks like another. */
  isLike(other: RenderedBlock): boolean {
    if (this === other) return true;
    if (this.growing !== other.growing) return false;
    if (this.code && other.code) {
      const { text, language, closed } = this.code;
      return text === other.code.text && language === other.code.language && closed === other.code.closed;
    }
    return this.html === other.html;
  }
}
