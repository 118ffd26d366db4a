/** What a text says, without its markup: for the clipboard and for those who listen. */
import type { Token } from "markdown-it";

import { noDefinitions } from "./document";
import { startNumbering } from "./footnotes";
import { readInline, splitBlocks } from "./parser";

/** The words of a Markdown text, a line for each paragraph, item, row or line of code. */
export function plainText(markdown: string): string {
  const definitions = noDefinitions();
  const blocks = splitBlocks(markdown.replace(/\r\n?/g, "\n"), definitions);
  const footnotes = startNumbering(definitions.notes.keys());
  const lines: string[] = [];
  for (const { tokens } of blocks) {
    readInline(tokens, { references: definitions.references, footnotes });
    lines.push(...linesOf(tokens));
  }
  return lines.join("\n").trim();
}

function linesOf(tokens: readonly Token[]): string[] {
  const lines: string[] = [];
  let row: string[] | null = null;
  for (const token of tokens) {
    if (token.type === "tr_open") row = [];
    if (token.type === "tr_close" && row) {
      lines.push(row.join("\t"));
      row = null;
    }
    const text = token.type === "inline" ? (token.children ?? []).map(wordsOf).join("") : token.content.replace(/\n$/, "");
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
