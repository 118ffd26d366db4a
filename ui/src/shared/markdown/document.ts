/**
 * Markdown that grows. Top-level blocks that can no longer change are rendered once and keep their
 * identity; only what follows them is parsed again. CommonMark decides block structure line by line
 * and only the last top-level block is open, so with whole lines every block before it is final.
 */
import { RenderedBlock } from "./block";
import { copyNumbering, notesHtml, startNumbering, type Numbering } from "./footnotes";
import {
  codeOf, isHidden, isUnsettled, mayUseDefinitions, plainHtml, renderTokens, splitBlocks, textOf, type BlockTokens,
  type Definitions, type References,
} from "./parser";

/** Longest piece of text as it was written; the window lays out only those that are seen. */
const PIECE = 16 * 1024;
/** The beginning of a picture that is still being written. */
const OPEN_PICTURE = /!\[[^\]\n]*\]\(data:image\/[^)\s]*$/;

/** The blocks of one growing text. */
export class MarkdownDocument {
  #source = "";
  #finished: RenderedBlock[] = [];
  /** Where the text after the finished blocks starts. */
  #tailStart = 0;
  /** Up to where whole lines were looked at for finished blocks. */
  #examined = 0;
  /** Definitions inside the finished part. */
  #definitions = noDefinitions();
  /** All definitions that the finished blocks were rendered with. */
  #definitionsKey = "";
  /** Numbers of the footnotes that the finished blocks mention. */
  #numbering = startNumbering([]);

  /**
   * Takes the whole text so far and returns its blocks. Cheap when it continues the previous text,
   * starts anew when it does not. The footnotes, if there are any, are the last block.
   */
  update(text: string, streaming: boolean): readonly RenderedBlock[] {
    const source = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    if (!source.startsWith(this.#source)) this.#reset();
    this.#source = source;
    const closed = this.#takeClosed();

    const definitions = this.#withFinished();
    const rest = source.slice(this.#tailStart);
    const open = splitBlocks(wellFormed(streaming ? withoutOpenPicture(rest) : rest, streaming), definitions);
    this.#applyDefinitions(definitions);
    for (const block of closed) this.#finish(block, definitions.references);
    const numbering = copyNumbering(this.#numbering);
    const tail = render(open, definitions.references, numbering);
    const last = tail.at(-1);
    if (last) last.growing = streaming;
    const notes = notesHtml(numbering, definitions.notes, (tokens, numbers) =>
      renderTokens(tokens, definitions.references, numbers),
    );
    if (notes !== "") tail.push(new RenderedBlock(() => notes));
    return [...this.#finished, ...tail];
  }

  #reset(): void {
    this.#finished = [];
    this.#tailStart = 0;
    this.#examined = 0;
    this.#definitions = noDefinitions();
    this.#definitionsKey = "";
    this.#numbering = startNumbering([]);
  }

  /** Takes the blocks that whole lines have closed out of the tail. */
  #takeClosed(): BlockTokens[] {
    const end = this.#source.lastIndexOf("\n") + 1;
    if (end <= this.#examined) return [];
    this.#examined = end;
    const lines = wellFormed(this.#source.slice(this.#tailStart, end), false);
    const blocks = splitBlocks(lines, this.#withFinished());
    let last = blocks.pop();
    // What may be no block of its own after all would belong to the one before it.
    if (last && isUnsettled(last)) last = blocks.pop();
    if (!last || blocks.length === 0) return [];

    const length = offsetOfLine(lines, last.line);
    const closed = lines.slice(0, length);
    this.#tailStart += length;
    // The empty line tells that nothing in there is still growing.
    if (closed.includes("]:")) splitBlocks(`${closed}\n\n`, this.#definitions);
    return blocks;
  }

  #finish(block: BlockTokens, references: References): void {
    this.#finished.push(...render([block], references, this.#numbering));
  }

  /** The definitions of the finished part, to which others can be added without changing them. */
  #withFinished(): Definitions {
    return {
      references: Object.create(this.#definitions.references) as References,
      notes: new Map(this.#definitions.notes),
    };
  }

  /** A definition may come after the text that uses it. */
  #applyDefinitions({ references, notes }: Definitions): void {
    const finished = Object.keys(this.#definitions.references).length;
    const open = Object.keys(references).length === 0 ? "" : JSON.stringify(references);
    const key = `${finished} ${open} ${[...notes.keys()].join("\n")}`;
    if (key === this.#definitionsKey) return;
    this.#definitionsKey = key;
    this.#numbering = startNumbering(notes.keys());
    this.#finished = this.#finished.map((block) => {
      if (!block.tokens) return block;
      const html = renderTokens(block.tokens.tokens, references, this.#numbering);
      return html === block.html ? block : new RenderedBlock(() => html, { tokens: block.tokens });
    });
  }
}

/** A text that defines nothing yet. */
export function noDefinitions(): Definitions {
  return { references: Object.create(null) as References, notes: new Map() };
}

/** Blocks as they are drawn; those that only define something show nothing. */
function render(blocks: BlockTokens[], references: References, numbering: Numbering): RenderedBlock[] {
  return blocks.flatMap((block) => {
    if (isHidden(block)) return [];
    const text = textOf(block);
    if (text !== null) return piecesOf(text).map((piece) => new RenderedBlock(() => plainHtml(piece), { text: piece }));
    const html = (): string => renderTokens(block.tokens, references, numbering);
    if (!mayUseDefinitions(block)) return [new RenderedBlock(html, { code: codeOf(block) })];
    // The numbers of footnotes follow the order of the text: these are not left for later.
    const now = html();
    return [new RenderedBlock(() => now, { tokens: block })];
  });
}

/** Cuts a text at the ends of lines or words, or else where it becomes too long. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    const limit = from + PIECE;
    let to = text.length <= limit ? text.length : text.lastIndexOf("\n", limit) + 1;
    if (to <= from) to = text.lastIndexOf(" ", limit) + 1;
    if (to <= from) to = /[\ud800-\udbff]/.test(text[limit - 1] ?? "") ? limit - 1 : limit;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

/** A picture inside of the text appears when it is complete, not as a wall of letters that then collapses. */
function withoutOpenPicture(text: string): string {
  const start = text.lastIndexOf("](data:image/");
  if (start < 0) return text;
  const label = text.lastIndexOf("![", start);
  return label >= 0 && OPEN_PICTURE.test(text.slice(label)) ? text.slice(0, label) : text;
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
