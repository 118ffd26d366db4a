/** A quote that was opened and not closed. */
export class OpenQuote extends Error {}

/**
 * Splits a command as a shell does: at spaces, with '…' and "…" around words that have some, and a
 * backslash before a sign that stands for itself. Nothing is replaced. Throws {@link OpenQuote}.
 */
export function splitCommand(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at] ?? "";
    if (quote !== "") {
      if (sign === quote) quote = "";
      else if (sign === "\\" && quote === '"' && '"\\'.includes(line[at + 1] ?? " ")) word += line[(at += 1)] ?? "";
      else word += sign;
    } else if (sign === "'" || sign === '"') {
      quote = sign;
      word ??= "";
    } else if (sign === "\\" && at + 1 < line.length) word = (word ?? "") + (line[(at += 1)] ?? "");
    else if (/\s/.test(sign)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + sign;
  }
  if (quote !== "") throw new OpenQuote();
  if (word !== null) words.push(word);
  return words;
}

/** The words as one line that {@link splitCommand} takes apart again. */
export function joinCommand(words: readonly string[]): string {
  return words.map((word) => (/^[^\s'"\\]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`)).join(" ");
}

/** The variables of lines `NAME=VALUE`; null when a line is none. */
export function readEnvironment(lines: string): Record<string, string> | null {
  const found: Record<string, string> = {};
  for (const line of lines.split("\n").map((one) => one.trim())) {
    if (line === "") continue;
    const match = /^([A-Za-z_]\w*)=(.*)$/.exec(line);
    if (!match?.[1]) return null;
    found[match[1]] = match[2] ?? "";
  }
  return found;
}
