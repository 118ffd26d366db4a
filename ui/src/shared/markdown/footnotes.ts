/**
 * Footnotes of a growing text. Their definitions leave the flow and are shown, numbered in the order of
 * their first mention, after everything else.
 */
import type { MarkdownIt, Token } from "markdown-it";
import footnotes from "markdown-it-footnote";

/** The content of each definition, by its label. */
export type Notes = Map<string, Token[]>;

/** Numbers given so far. The shape is the plugin's own. */
export interface Numbering {
  /** Number of each known label, less one; -1 before its first mention. */
  refs: Record<string, number>;
  list: { label: string; count: number }[];
}

/** Marks the mention of a footnote, with its number. */
export const NOTE = "data-note";
/** Marks the way back from a footnote to its first mention. */
export const NOTE_BACK = "data-note-back";

/** Adds the rules to a parser; those for notes inside of a line are left out, as GitHub does. */
export function addFootnoteRules(parser: MarkdownIt): void {
  const known = new Set(parser.block.ruler.getRules(""));
  footnotes(parser);
  const define = parser.block.ruler.getRules("").find((rule) => !known.has(rule));
  if (define) {
    // The plugin does not say which lines a definition takes.
    const withLines: typeof define = (state, startLine, endLine, silent) => {
      const first = state.tokens.length;
      const isDefinition = define(state, startLine, endLine, silent);
      const opening = state.tokens[first];
      if (isDefinition && !silent && opening) opening.map = [startLine, state.line];
      return isDefinition;
    };
    parser.block.ruler.at("footnote_def", withLines, { alt: ["paragraph", "reference"] });
  }
  parser.inline.ruler.disable("footnote_inline");
  parser.core.ruler.disable("footnote_tail");
  parser.renderer.rules.footnote_ref = (tokens, index) => {
    const number = Number(tokens[index]?.meta?.id) + 1;
    return `<sup class="note-ref" ${NOTE}="${number}">${number}</sup>`;
  };
}

/** Takes the definitions out of a block; the first one of a label counts. */
export function takeNotes(tokens: Token[], notes: Notes): Token[] {
  if (!tokens.some((token) => token.type === "footnote_reference_open")) return tokens;
  const rest: Token[] = [];
  const open: { label: string; content: Token[] }[] = [];
  for (const token of tokens) {
    if (token.type === "footnote_reference_open") {
      open.push({ label: String(token.meta?.label), content: [] });
    } else if (token.type === "footnote_reference_close") {
      const note = open.pop();
      if (note && !notes.has(note.label)) notes.set(note.label, note.content);
    } else {
      (open.at(-1)?.content ?? rest).push(token);
    }
  }
  return rest;
}

/** No number is given yet to any of these labels. */
export function startNumbering(labels: Iterable<string>): Numbering {
  const refs: Record<string, number> = {};
  for (const label of labels) refs[`:${label}`] = -1;
  return { refs, list: [] };
}

/** The same numbers, to go on with without changing these. */
export function copyNumbering({ refs, list }: Numbering): Numbering {
  return { refs: { ...refs }, list: list.map((entry) => ({ ...entry })) };
}

/** HTML of the mentioned notes. Notes that only notes mention follow at the end. */
export function notesHtml(
  numbering: Numbering,
  notes: Notes,
  render: (tokens: Token[], numbering: Numbering) => string,
): string {
  const items: string[] = [];
  for (let index = 0; index < numbering.list.length; index += 1) {
    const content = render(notes.get(numbering.list[index]?.label ?? "") ?? [], numbering);
    items.push(`<li ${NOTE}="${index + 1}">${content}<span ${NOTE_BACK}="${index + 1}"></span></li>\n`);
  }
  return items.length === 0 ? "" : `<section class="notes"><ol>\n${items.join("")}</ol></section>\n`;
}
