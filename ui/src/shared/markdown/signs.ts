/** Where the signs of Markdown stand in a part of a text: for places that show its words without drawing it. */

/** Titles, quotes and items, at the begin of a line. */
const BEGIN = /^[ \t]*(?:#{1,6}|>+|[-*+])[ \t]+/;
/** Emphasis, code and what is struck out; a star between spaces is one. */
const INLINE = /`+|~~+|\*+(?=\S)|(?<=\S)\*+/g;
/** The begin of a link or picture, and its end with the address. */
const LINK = /!?\[(?=[^[\]]{0,200}\]\()|\]\([^()\s]{0,500}\)/g;
/** What a line of a table holds that only separates; one bar at least is in it. */
const RULE = /^[\s:|-]*$/;
/** The line that opens or closes a block of code. */
const FENCE = /^[ \t]*(?:`{3}|~{3})/;
/** Between two cells. */
const CELL = /(?<!\|)\|(?!\|)/g;

/** The stretches of a text that are signs, in order; they may overlap. Best effort: a part of a text is read as well. */
export function signsOf(text: string): [number, number][] {
  const signs: [number, number][] = [];
  let at = 0;
  for (const line of text.split("\n")) {
    if (FENCE.test(line) || (line.includes("|") && RULE.test(line))) signs.push([at, at + line.length]);
    else {
      const begin = BEGIN.exec(line);
      if (begin) signs.push([at, at + begin[0].length]);
      for (const rule of [INLINE, LINK])
        for (const { 0: sign, index } of line.matchAll(rule)) signs.push([at + index, at + index + sign.length]);
      const cells = [...line.matchAll(CELL)];
      if (cells.length > 1) for (const { index } of cells) signs.push([at + index, at + index + 1]);
    }
    at += line.length + 1;
  }
  return signs.sort(([one], [other]) => one - other);
}
