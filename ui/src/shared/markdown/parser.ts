/**
 * The Markdown dialect of answers: CommonMark with tables, strikethrough, bare links and task lists.
 * Raw HTML is text, pictures are links, and only web addresses become links.
 */
import MarkdownIt, { type Env, type Token } from "markdown-it";

/** Longest run of inline text that is read as Markdown; longer ones are shown as they are. */
const INLINE_LIMIT = 64 * 1024;

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

const parser = new MarkdownIt({ html: false, linkify: true, typographer: false, breaks: false });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
parser.validateLink = (url) => LINK_PATTERN.test(url.trim());

/** Rules after the block phase: inline text, bare links, joined text, task marks. */
parser.core.ruler.push("task_lists", (state) => {
  markTasks(state.tokens);
});
const inlineRules = parser.core.ruler.getRules("").slice(2);

const { escapeHtml } = parser.utils;

parser.renderer.rules.fence = (tokens, index) => {
  const token = tokens[index];
  return token ? codeHtml(token.content, token.info.trim().split(/\s+/, 1)[0] ?? "", isClosed(token)) : "";
};
parser.renderer.rules.code_block = (tokens, index) => codeHtml(tokens[index]?.content ?? "", "", true);

/** Nothing is fetched: a picture is a link that names where it would come from. */
parser.renderer.rules.image = (tokens, index) => {
  const token = tokens[index];
  if (!token) return "";
  const source = String(token.attrGet("src") ?? "");
  const label = token.content.trim();
  if (!LINK_PATTERN.test(source)) return escapeHtml(label);
  return `<a class="picture" href="${escapeHtml(source)}">${escapeHtml(label || hostOf(source))}<span>${escapeHtml(hostOf(source))}</span></a>`;
};

/** Alignment becomes a class: style attributes are blocked by the content security policy. */
for (const rule of ["th_open", "td_open"] as const) {
  parser.renderer.rules[rule] = (tokens, index, options, _env, self) => {
    const token = tokens[index];
    if (!token) return "";
    const alignment = /text-align:(left|center|right)/.exec(String(token.attrGet("style") ?? ""))?.[1];
    token.attrs = alignment ? [["class", `align-${alignment}`]] : null;
    return self.renderToken(tokens, index, options);
  };
}

/** Wide tables scroll inside their own box. */
parser.renderer.rules.table_open = () => '<div class="table"><table>\n';
parser.renderer.rules.table_close = () => "</table></div>\n";

/**
 * Splits Markdown into top-level blocks without reading their inline text.
 * Definitions found on the way are added to `references`.
 */
export function splitBlocks(source: string, references: References): BlockTokens[] {
  const tokens: Token[] = [];
  parser.block.parse(source, parser, { references }, tokens);
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
  return blocks;
}

/** Reads the inline text of a block and returns its HTML, not yet sanitised. */
export function renderBlock(block: BlockTokens, references: References): string {
  const env: Env = { references };
  const state = new parser.core.State("", parser, env);
  state.tokens = block.tokens;
  for (const token of block.tokens) {
    if (token.type !== "inline") continue;
    token.children = [];
    if (token.content.length > INLINE_LIMIT) {
      const text = new state.Token("text", "", 0);
      text.content = token.content;
      token.children = [text];
      token.type = "text_run";
    }
  }
  for (const rule of inlineRules) rule(state);
  return parser.renderer.render(block.tokens, parser.options, env);
}

parser.renderer.rules.text_run = (tokens, index) => escapeHtml(tokens[index]?.content ?? "");

/** Whether later link definitions could change how a block looks. */
export function mayUseReferences(block: BlockTokens): boolean {
  return block.tokens.some((token) => token.type === "inline" && token.content.includes("["));
}

function codeHtml(content: string, language: string, closed: boolean): string {
  const name = language ? ` data-language="${escapeHtml(language)}"` : "";
  return `<pre${name}${closed ? ' data-closed="true"' : ""}><code>${escapeHtml(content)}</code></pre>\n`;
}

/** A fence that has its end covers one line more than its opening line and its content. */
function isClosed(token: Token): boolean {
  if (!token.map) return true;
  const newlines = token.content.split("\n").length - 1;
  const contentLines = token.content === "" ? 0 : newlines + (token.content.endsWith("\n") ? 0 : 1);
  return token.map[1] - token.map[0] > contentLines + 1;
}

function hostOf(url: string): string {
  try {
    return new URL(url).host || url;
  } catch {
    return url;
  }
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
