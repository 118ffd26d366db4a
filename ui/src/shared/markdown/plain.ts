/** What a text says, without its markup: for the clipboard, for those who listen and for those who look for words. */
import type { Env, Token } from "markdown-it";

import { noDefinitions } from "./document";
import { startNumbering } from "./footnotes";
import { isInlineImage } from "./pictures";
import { isHidden, readInline, splitBlocks } from "./parser";

/** The words of a Markdown text, a line for each paragraph, item, row or line of code; footnotes at the end. */
export function plainText(markdown: string): string {
  return linesOf(markdown, () => true).join("\n").trim();
}

/** The same lines as they are drawn: formulas, diagrams and pictures have no words there. */
export function drawnLines(markdown: string): string[] {
  return linesOf(markdown, (token) => !isPicture(token));
}

function isPicture(token: Token): boolean {
  if (token.type === "image") return isInlineImage(String(token.attrGet("src") ?? ""));
  return token.type.startsWith("math_") || (token.type === "fence" && /^\s*(?:math|mermaid)\b/i.test(token.info));
}

/** The lines of a text with the words of some of its tokens. */
function linesOf(markdown: string, takes: (token: Token) => boolean): string[] {
  const definitions = noDefinitions();
  const blocks = splitBlocks(markdown.replace(/\r\n?/g, "\n"), definitions);
  const footnotes = startNumbering(definitions.notes.keys());
  const env: Env = { references: definitions.references, footnotes };
  const lines: string[] = [];
  for (const block of blocks) if (!isHidden(block)) lines.push(...linesOfBlock(block.tokens, env, takes));
  // Notes that only notes mention join the list on the way.
  for (const { label } of footnotes.list) lines.push(...linesOfBlock(definitions.notes.get(label) ?? [], env, takes));
  return lines;
}

function linesOfBlock(tokens: Token[], env: Env, takes: (token: Token) => boolean): string[] {
  readInline(tokens, env);
  const lines: string[] = [];
  let row: string[] | null = null;
  for (const token of tokens) {
    if (token.type === "tr_open") row = [];
    if (token.type === "tr_close" && row) {
      lines.push(row.join("\t"));
      row = null;
    }
    if (!takes(token)) continue;
    const inline = token.type === "inline" ? (token.children ?? []).filter(takes).map(wordsOf) : [token.content.replace(/\n$/, "")];
    const text = inline.join("");
    if (row && token.type === "inline") row.push(text);
    else if (text !== "") lines.push(text);
  }
  return lines;
}

function wordsOf(token: Token): string {
  if (token.type === "softbreak") return " ";
  if (token.type === "hardbreak") return "\n";
  return token.content;
}
