/**
 * Where LaTeX stands in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`. A dollar sign is mathematics only
 * when it cannot be a price or the name of a variable.
 */
import type { MarkdownIt, StateBlock, StateInline, Token } from "markdown-it";

/** Longest formula inside a line. */
const INLINE_LIMIT = 2_000;
/** Longest formula that stands alone; it is also the longest that the typesetter gets. */
const BLOCK_LIMIT = 8_000;

/** Dollar signs that are looked at for the end of one formula. */
const PASSED_LIMIT = 8;

const WORD = /[\p{L}\p{N}_]/u;
/** What may follow a formula without a space: “the $n$th”. */
const SUFFIX = /^(?:th|st|nd|rd|s)(?![\p{L}\p{N}_])/u;
/** An amount of money and then a word, such as “5 and 10” or “5/month”. */
const PRICE = /^\d(?:.*[/–-]$|[\d.,]*\/\p{L}{2}|.*\s\p{L}{2})/su;
const TEX_SIGN = /[\\^_={}<>+*]/;
const BLANK_LINE = /\n\s*\n/;

/** Length of each delimiter of a formula's token; 0 for a block that has not ended. */
export function delimiterOf(token: Token): number {
  return Number(token.meta?.delimiter);
}

/** Adds the rules to a parser. Their tokens hold the source with its delimiters. */
export function addMathRules(parser: MarkdownIt): void {
  parser.inline.ruler.before("escape", "math", inlineMath);
  parser.block.ruler.before("fence", "math", blockMath, { alt: ["paragraph", "reference", "blockquote", "list"] });
}

function inlineMath(state: StateInline, silent: boolean): boolean {
  const found = state.src[state.pos] === "$" ? afterDollar(state) : afterBackslash(state);
  if (!found) return false;
  if (!silent) {
    const token = state.push("math_inline", "", 0);
    token.content = state.src.slice(state.pos, found.end);
    token.meta = { delimiter: found.delimiter };
    token.markup = found.display ? "display" : "";
  }
  state.pos = found.end;
  return true;
}

interface Found {
  end: number;
  /** Length of each delimiter. */
  delimiter: number;
  display: boolean;
}

function afterBackslash(state: StateInline): Found | null {
  const { src, pos } = state;
  if (src[pos] !== "\\") return null;
  const display = src[pos + 1] === "[";
  if (!display && src[pos + 1] !== "(") return null;
  const end = src.slice(0, Math.min(state.posMax, pos + INLINE_LIMIT)).indexOf(display ? "\\]" : "\\)", pos + 2);
  if (end < 0 || !isFormula(src.slice(pos + 2, end))) return null;
  return { end: end + 2, delimiter: 2, display };
}

function afterDollar(state: StateInline): Found | null {
  const { src, pos } = state;
  const before = src[pos - 1] ?? "";
  if (before === "$" || WORD.test(before)) return null;
  const limit = Math.min(state.posMax, pos + INLINE_LIMIT);
  const display = src[pos + 1] === "$";
  const delimiter = display ? 2 : 1;
  const start = pos + delimiter;
  if (src[start] === "$" || (!display && /\s/.test(src[start] ?? " "))) return null;

  let passed = 0;
  for (let end = start; end < limit && passed < PASSED_LIMIT; end += 1) {
    const char = src[end];
    if (char === "\\") end += 1;
    if (char === "`") return null;
    if (char !== "$") continue;
    passed += 1;
    if (display && src[end + 1] !== "$") return null;
    if (!display && /\s/.test(src[end - 1] ?? "")) continue;
    const content = src.slice(start, end);
    if (display) return isFormula(content) ? { end: end + 2, delimiter, display } : null;
    const after = src.slice(end + 1, end + 5);
    if (after.startsWith("$") || (WORD.test(after.slice(0, 1)) && !SUFFIX.test(after))) continue;
    return isFormula(content) && !isPrice(content) ? { end: end + 1, delimiter, display } : null;
  }
  return null;
}

function isFormula(content: string): boolean {
  return content.trim() !== "" && !BLANK_LINE.test(content);
}

function isPrice(content: string): boolean {
  return PRICE.test(content) && !TEX_SIGN.test(content);
}

/**
 * A formula that begins a line and ends one. There is no empty line in it; one that has not ended where
 * the text ends may still be growing.
 */
function blockMath(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const first = lineOf(state, startLine);
  if (!first.startsWith("$$") && !first.startsWith("\\[")) return false;
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4 || first[2] === "$") return false;
  const closing = first.startsWith("$$") ? "$$" : "\\]";

  let line = startLine;
  let text = first.slice(2);
  let length = text.length;
  while (!text.includes(closing)) {
    line += 1;
    if (line >= endLine) {
      if (!isEndOfText(state, endLine)) return false;
      return push(state, startLine, line, closing, false, silent);
    }
    text = lineOf(state, line);
    length += text.length;
    if (text === "" || (state.sCount[line] ?? 0) < state.blkIndent || length > BLOCK_LIMIT) return false;
  }
  const isAtEnd = text.indexOf(closing) === text.length - closing.length;
  if (!isAtEnd || (line === startLine && text.length === closing.length)) return false;
  return push(state, startLine, line + 1, closing, true, silent);
}

function push(state: StateBlock, from: number, to: number, closing: string, closed: boolean, silent: boolean): boolean {
  if (silent) return true;
  const token = state.push("math_block", "", 0);
  token.content = state.getLines(from, to, state.blkIndent, false).trim();
  token.meta = { delimiter: closed ? closing.length : 0 };
  token.map = [from, to];
  token.block = true;
  state.line = to;
  return true;
}

function lineOf(state: StateBlock, line: number): string {
  const start = (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0);
  return state.src.slice(start, state.eMarks[line]).trimEnd();
}

function isEndOfText(state: StateBlock, endLine: number): boolean {
  return state.src.slice(state.eMarks[endLine - 1]).trim() === "";
}
