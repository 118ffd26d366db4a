/**
 * Markdown that grows. Top-level blocks that can no longer change are rendered once and keep their
 * identity; only what follows them is parsed again. CommonMark decides block structure line by line
 * and only the last top-level block is open, so with whole lines every block before it is final.
 */
import { mayUseReferences, renderBlock, splitBlocks, type BlockTokens, type References } from "./parser";

/** A rendered top-level block. A finished block is the same object in every update. */
export interface RenderedBlock {
  /** HTML, not yet sanitised. */
  html: string;
}

interface FinishedBlock extends RenderedBlock {
  /** Kept where a later link definition could still turn text into a link. */
  tokens: BlockTokens | null;
}

/** The blocks of one growing text. */
export class MarkdownDocument {
  #source = "";
  #finished: FinishedBlock[] = [];
  /** Where the text after the finished blocks starts. */
  #tailStart = 0;
  /** Up to where whole lines were looked at for finished blocks. */
  #examined = 0;
  /** Definitions inside the finished part. */
  #definitions: References = {};
  #definitionsKey = "";

  /**
   * Takes the whole text so far and returns its blocks. Cheap when it continues the previous text,
   * starts anew when it does not.
   */
  update(text: string, streaming: boolean): readonly RenderedBlock[] {
    const source = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    if (!source.startsWith(this.#source)) this.#reset();
    this.#source = source;
    this.#finishBlocks();

    const references = { ...this.#definitions };
    const open = splitBlocks(wellFormed(source.slice(this.#tailStart), streaming), references);
    this.#applyDefinitions(references);
    const tail = open.map((block) => ({ html: renderBlock(block, references) }));
    return [...this.#finished, ...tail];
  }

  #reset(): void {
    this.#finished = [];
    this.#tailStart = 0;
    this.#examined = 0;
    this.#definitions = {};
    this.#definitionsKey = "";
  }

  /** Moves blocks that whole lines have closed from the tail to the finished ones. */
  #finishBlocks(): void {
    const end = this.#source.lastIndexOf("\n") + 1;
    if (end <= this.#examined) return;
    this.#examined = end;
    const lines = wellFormed(this.#source.slice(this.#tailStart, end), false);
    const references = { ...this.#definitions };
    const blocks = splitBlocks(lines, references);
    const last = blocks.pop();
    if (!last || blocks.length === 0) return;

    const length = offsetOfLine(lines, last.line);
    const closed = lines.slice(0, length);
    if (closed.includes("]:")) splitBlocks(closed, this.#definitions);
    for (const block of blocks) {
      const html = renderBlock(block, references);
      this.#finished.push({ html, tokens: mayUseReferences(block) ? block : null });
    }
    this.#tailStart += length;
  }

  /** A definition may come after the text that uses it. */
  #applyDefinitions(references: References): void {
    const key = JSON.stringify(references);
    if (key === this.#definitionsKey || (key === "{}" && this.#definitionsKey === "")) return;
    this.#definitionsKey = key;
    this.#finished = this.#finished.map((block) => {
      if (!block.tokens) return block;
      const html = renderBlock(block.tokens, references);
      return html === block.html ? block : { html, tokens: block.tokens };
    });
  }
}

/** Half a surrogate pair is replaced; at the end of a stream its other half may still come. */
function wellFormed(text: string, streaming: boolean): string {
  const last = text.charCodeAt(text.length - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return (streaming && isHalf ? text.slice(0, -1) : text).replace(/\p{Surrogate}/gu, "\ufffd");
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0;
  for (let passed = 0; passed < line; passed += 1) offset = text.indexOf("\n", offset) + 1;
  return offset;
}
