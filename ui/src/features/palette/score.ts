/** How well a text answers what is typed, and which of its characters were found. */
export interface Match {
  /** Higher is better. */
  score: number;
  /** Begin and end of each stretch that was found, in order. */
  spans: [number, number][];
}

const WORD_START = 8;
const TEXT_START = 6;
const RUN = 5;
const GAP = 1;
const LONGEST_GAP = 6;
const WHOLE_WORD = 10;

function isWordStart(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charAt(at - 1);
  return !/[\p{L}\p{N}]/u.test(before) || (/\p{Ll}/u.test(before) && /\p{Lu}/u.test(text.charAt(at)));
}

/** Case aside, character for character: a text whose lower case is longer keeps its places. */
function lower(text: string): string {
  const all = text.toLowerCase();
  return all.length === text.length ? all : [...text].map((char) => (char.toLowerCase().length === char.length ? char.toLowerCase() : char)).join("");
}

/** A word as a stretch of the text: where a word begins, else anywhere. */
function together(text: string, plain: string, word: string): Match | null {
  let best: Match | null = null;
  for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + 1)) {
    const end = at + word.length;
    let score = word.length * RUN;
    if (isWordStart(text, at)) score += WORD_START + (end === text.length || isWordStart(text, end) || !/[\p{L}\p{N}]/u.test(text.charAt(end)) ? WHOLE_WORD : 0);
    if (at === 0) score += TEXT_START;
    if (!best || score > best.score) best = { score, spans: [[at, end]] };
  }
  return best;
}

/** A word with its characters apart, in order: those where words begin first, as in `ncs` for New chat, side. */
function apart(text: string, plain: string, word: string): Match | null {
  const spans: [number, number][] = [];
  let score = 0;
  let from = 0;
  for (const char of word) {
    let at = -1;
    for (let i = plain.indexOf(char, from); i >= 0; i = plain.indexOf(char, i + 1)) {
      if (at < 0) at = i;
      if (i === from || isWordStart(text, i)) {
        at = i;
        break;
      }
    }
    if (at < 0) return null;
    const last = spans.at(-1);
    if (last && last[1] === at) last[1] = at + char.length;
    else spans.push([at, at + char.length]);
    score += (isWordStart(text, at) ? WORD_START / 2 : 1) - Math.min(at - from, LONGEST_GAP) * GAP;
    from = at + char.length;
  }
  // Scattered letters of a long text mean nothing.
  return spans.length > Math.max(2, word.length / 2) && !spans.every(([at]) => isWordStart(text, at)) ? null : { score, spans };
}

/** Matches all words of a query with a text, in any order; null where one of them is not in it. */
export function match(query: string, text: string): Match | null {
  const words = lower(query).split(/\s+/).filter(Boolean);
  const plain = lower(text);
  let score = 0;
  const spans: [number, number][] = [];
  for (const word of words) {
    const found = together(text, plain, word) ?? apart(text, plain, word);
    if (!found) return null;
    score += found.score;
    spans.push(...found.spans);
  }
  // Of two equally good ones the shorter says more.
  return { score: score - text.length / 100, spans: merged(spans) };
}

function merged(spans: [number, number][]): [number, number][] {
  const all: [number, number][] = [];
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** A text in pieces, those that were found marked. */
export function pieces(text: string, spans: readonly [number, number][]): { text: string; hit: boolean }[] {
  const all: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (const [begin, end] of spans) {
    if (begin > from) all.push({ text: text.slice(from, begin), hit: false });
    all.push({ text: text.slice(begin, end), hit: true });
    from = end;
  }
  if (from < text.length) all.push({ text: text.slice(from), hit: false });
  return all;
}
