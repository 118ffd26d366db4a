/**
 * The Markdown dialect of answers: CommonMark with tables, strikethrough, bare links, task lists, footnotes
 * and LaTeX. Raw HTML is text, pictures from elsewhere are links, and only web addresses become links.
 */
import MarkdownIt, { type Env, type Token } from "markdown-it";

import type { CodeText } from "./block";
import { addFootnoteRules, takeNotes, type Notes, type Numbering } from "./footnotes";
import { addMathRules, delimiterOf } from "./math-rules";
import { imageHtml, isInlineImage, shortenImages, type Images } from "./pictures";

/** Longest run of inline text that is read as Markdown; longer ones are shown as they are. */
const INLINE_LIMIT = 32 * 1024;
/** Largest block that is drawn as Markdown; a larger one is shown as the text that it is. */
const TOKEN_LIMIT = 30_000;
/** Longest table in lines; what follows is text. */
const TABLE_LIMIT = 1_500;
/** Deepest block that is read; the parser would drop what lies deeper. */
const NESTING_LIMIT = 60;

/** What a link may point to. Everything else stays the text that the model wrote. */
export const LINK_PATTERN = /^https?:\/\//i;

/** One top-level block as tokens, with the lines it takes. */
export interface BlockTokens {
  tokens: Token[];
  /** First line, counted from the start of the parsed text. */
  line: number;
}

/** Link definitions found so far, by normalised label. */
export type References = NonNullable<Env["references"]>;

/** What a text defines for the rest of it. */
export interface Definitions {
  references: References;
  notes: Notes;
}

const parser = new MarkdownIt({ html: false, linkify: true, typographer: false, breaks: false });
parser.options.maxNesting = NESTING_LIMIT;
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
parser.validateLink = (url) => LINK_PATTERN.test(url.trim()) || isInlineImage(url);
limitTables();
addMathRules(parser);
addFootnoteRules(parser);

/** Rules after the block phase: inline text, bare links, joined text, task marks. */
parser.core.ruler.push("task_lists", (state) => {
  markTasks(state.tokens);
});
const inlineRules = parser.core.ruler.getRules("").slice(2);

const { escapeHtml } = parser.utils;
const { Token: TokenClass } = new parser.core.State("", parser, {});

/** What tokens held before their pictures were taken out, so that they can be read again. */
const withImages = new WeakMap<Token, string>();

parser.renderer.rules.fence = (tokens, index) => {
  const token = tokens[index];
  if (!token) return "";
  const language = languageOf(token);
  if (language === "math" && isClosed(token)) return mathHtml("div", token.content.trim(), 0, true);
  return codeHtml(token.content, language, isClosed(token));
};
parser.renderer.rules.code_block = (tokens, index) => codeHtml(tokens[index]?.content ?? "", "", true);
parser.renderer.rules.text_run = (tokens, index) => escapeHtml(tokens[index]?.content ?? "");
parser.renderer.rules.image = (tokens, index, _options, env) => imageHtml(tokens[index], env?.images as Images);

parser.renderer.rules.math_inline = (tokens, index) => {
  const token = tokens[index];
  return token ? mathHtml("span", token.content, delimiterOf(token), token.markup === "display") : "";
};
/** A formula that has not ended is text: it may still turn out to be none. */
parser.renderer.rules.math_block = (tokens, index) => {
  const token = tokens[index];
  if (!token) return "";
  const delimiter = delimiterOf(token);
  if (delimiter === 0) return `<p class="math-source">${escapeHtml(token.content)}</p>\n`;
  // Without its delimiters the source is hardly ever higher than what it becomes.
  return mathHtml("div", token.content.slice(delimiter, -delimiter).trim(), 0, true);
};

/** Alignment becomes a class: style attributes are blocked by the content security policy. */
for (const rule of ["th_open", "td_open"] as const) {
  parser.renderer.rules[rule] = (tokens, index, options, _env, self) => {
    const token = tokens[index];
    if (!token) return "";
    const alignment = /text-align:(left|center|right)/.exec(String(token.attrGet("style") ?? ""))?.[1];
    if (token.attrGet("style") !== null) token.attrs = alignment ? [["class", `align-${alignment}`]] : null;
    return self.renderToken(tokens, index, options);
  };
}

/** Wide tables scroll inside their own box. */
parser.renderer.rules.table_open = () => '<div class="table"><table>\n';
parser.renderer.rules.table_close = () => "</table></div>\n";

/**
 * Splits Markdown into top-level blocks without reading their inline text.
 * Definitions found on the way are added to `definitions`.
 */
export function splitBlocks(source: string, definitions: Definitions): BlockTokens[] {
  const tokens: Token[] = [];
  parser.block.parse(source, parser, { references: definitions.references }, tokens);
  const blocks: BlockTokens[] = [];
  let open: Token[] = [];
  for (const token of tokens) {
    open.push(token);
    const isEnd = token.level === 0 && token.nesting !== 1;
    if (isEnd) {
      blocks.push({ tokens: open, line: open[0]?.map?.[0] ?? 0 });
      open = [];
    }
  }
  return blocks.map((block, index) => {
    const isAsWritten = isTooLarge(block.tokens);
    const content = isAsWritten ? [asWritten(source, block.line, blocks[index + 1]?.line)] : block.tokens;
    return { line: block.line, tokens: takeNotes(content, definitions.notes) };
  });
}

/** Reads the inline text of a block and returns its HTML, not yet sanitised. */
export function renderTokens(tokens: Token[], references: References, numbering: Numbering): string {
  try {
    return render(tokens, references, numbering);
  } catch {
    // Nested too deep for the parser: the words are still to be read.
    return plainHtml(tokens.map((token) => token.content).filter(Boolean).join("\n"));
  }
}

function render(tokens: Token[], references: References, numbering: Numbering): string {
  const env: Env = { references, footnotes: numbering };
  readInline(tokens, env);
  return parser.renderer.render(tokens, parser.options, env);
}

/** Reads the inline text of a block into the children of its tokens. */
export function readInline(tokens: Token[], env: Env): void {
  const images: Images = [];
  env.images = images;
  const state = new parser.core.State("", parser, env);
  state.tokens = tokens;
  for (const token of tokens) {
    if (token.type !== "inline") continue;
    token.children = [];
    const written = withImages.get(token) ?? token.content;
    token.content = shortenImages(written, images);
    if (token.content.length > INLINE_LIMIT) {
      token.type = "text_run";
      token.content = written;
    } else if (token.content !== written) {
      withImages.set(token, written);
    }
  }
  for (const rule of inlineRules) rule(state);
}

/** Whether later definitions could change how a block looks. */
export function mayUseDefinitions(block: BlockTokens): boolean {
  return block.tokens.some((token) => token.type === "inline" && token.content.includes("["));
}

/** Whether a block may still turn out to begin before its first line. */
export function isUnsettled(block: BlockTokens): boolean {
  const [first] = block.tokens;
  return first?.type === "math_block" && delimiterOf(first) === 0;
}

/** Whether a block only defines something for others. */
export function isHidden(block: BlockTokens): boolean {
  return block.tokens.every((token) => token.type === "reference_definition");
}

/** The code of a block that is nothing else. */
export function codeOf(block: BlockTokens): CodeText | null {
  const [token] = block.tokens;
  if (!token || block.tokens.length > 1 || (token.type !== "fence" && token.type !== "code_block")) return null;
  const language = languageOf(token);
  const closed = token.type === "code_block" || isClosed(token);
  return language === "math" && closed ? null : { text: token.content, language, closed };
}

/** The text of a block that is not read as Markdown because of its size. */
export function textOf(block: BlockTokens): string | null {
  const [first, inline] = block.tokens;
  if (first?.type === "as_written") return first.content;
  if (first?.type !== "paragraph_open" || inline?.type !== "inline" || inline.content.length <= INLINE_LIMIT) return null;
  return shortenImages(inline.content, []).length > INLINE_LIMIT ? inline.content : null;
}

/** A text as it is, for a block that cannot be read as Markdown. */
export function plainHtml(text: string): string {
  return `<pre class="as-written">${escapeHtml(text)}</pre>\n`;
}

parser.renderer.rules.as_written = (tokens, index) => plainHtml(tokens[index]?.content ?? "");

/** Keeps the parser from making millions of cells. */
function limitTables(): void {
  const [table] = parser.block.ruler.getRules("");
  if (!table) return;
  parser.block.ruler.at(
    "table",
    (state, startLine, endLine, silent) => table(state, startLine, Math.min(endLine, startLine + TABLE_LIMIT), silent),
    { alt: ["paragraph", "reference"] },
  );
}

function isTooLarge(tokens: Token[]): boolean {
  return tokens.length > TOKEN_LIMIT || tokens.some((token) => token.level >= NESTING_LIMIT - 1);
}

function asWritten(source: string, from: number, to: number | undefined): Token {
  const lines = source.split("\n").slice(from, to);
  const token = new TokenClass("as_written", "", 0);
  token.content = lines.join("\n").trimEnd();
  return token;
}

function mathHtml(tag: "div" | "span", source: string, delimiter: number, display: boolean): string {
  const kind = display ? "math is-display" : "math";
  return `<${tag} class="${kind}" data-math="${delimiter}">${escapeHtml(source)}</${tag}>${tag === "div" ? "\n" : ""}`;
}

function codeHtml(content: string, language: string, closed: boolean): string {
  const name = language ? ` data-language="${escapeHtml(language)}"` : "";
  return `<pre${name}${closed ? ' data-closed="true"' : ""}><code>${escapeHtml(content)}</code></pre>\n`;
}

function languageOf(token: Token): string {
  return token.info.trim().split(/\s+/, 1)[0] ?? "";
}

/** A fence that has its end covers one line more than its opening line and its content. */
function isClosed(token: Token): boolean {
  if (!token.map) return true;
  const newlines = token.content.split("\n").length - 1;
  const contentLines = token.content === "" ? 0 : newlines + (token.content.endsWith("\n") ? 0 : 1);
  return token.map[1] - token.map[0] > contentLines + 1;
}

/** Turns a leading `[ ]` or `[x]` of a list item into a mark. */
function markTasks(tokens: Token[]): void {
  for (let index = 2; index < tokens.length; index += 1) {
    const inline = tokens[index];
    const first = inline?.children?.[0];
    if (inline?.type !== "inline" || first?.type !== "text") continue;
    const item = tokens[index - 2];
    if (tokens[index - 1]?.type !== "paragraph_open" || item?.type !== "list_item_open") continue;
    const match = /^\[([ xX])\]\s/.exec(first.content);
    if (!match) continue;
    item.attrSet("class", match[1] === " " ? "task" : "task is-done");
    first.content = first.content.slice(match[0].length);
  }
}
