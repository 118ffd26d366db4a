/** The names of what is marked; `base.css` says how they look. */
const ALL = "found";
const PRESENT = "found-present";
/** Ranges that are marked at most: more is no help, and every one is painted. */
const MOST = 2_000;

/** The words of a search: those in double quotes stand together. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"?|([^\s"]+)/g)]
    .map(([, quoted, plain]) => (quoted ?? plain ?? "").trim().toLowerCase())
    .filter(Boolean);
}

/** A place among those that are marked: of which message, and which of its places, from 0. */
export interface Place {
  messageId: string | null;
  place: number;
}

/** The stretches of a text that begin a word of it and are one of these words, in order, none inside another. */
export function stretches(text: string, words: readonly string[]): [number, number][] {
  const plain = text.toLowerCase();
  if (plain.length !== text.length) return [];
  const found: [number, number][] = [];
  for (const word of words)
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length))
      if (at === 0 || !/[\p{L}\p{N}]/u.test(plain.charAt(at - 1))) found.push([at, at + word.length]);
  found.sort(([one, end], [other, otherEnd]) => one - other || otherEnd - end);
  let end = 0;
  return found.filter(([from, to]) => from >= end && (end = to));
}

/** The places below an element that begin a word and are one of these words, in the order of the text. */
function* places(element: Element, words: readonly string[]): Generator<Range> {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    for (const [from, to] of stretches(node.data, words)) {
      const range = document.createRange();
      range.setStart(node, from);
      range.setEnd(node, to);
      yield range;
    }
  }
}

/** A place below an element where one of the words of a search is marked; the last one where there are fewer. */
export function markAt(element: Element, text: string, place: number): Range | undefined {
  let last: Range | undefined;
  let left = place;
  for (const range of places(element, wordsOf(text))) {
    last = range;
    if (left === 0) break;
    left -= 1;
  }
  return last;
}

/**
 * Marks words in all messages below an element, also in those that are drawn later, without touching the
 * document; the present place stands out. Returns how to take the marks away; does nothing in a web view without
 * custom highlights.
 */
export function markWords(root: HTMLElement, text: string, present: Place): () => void {
  const words = wordsOf(text);
  if (words.length === 0 || typeof Highlight === "undefined" || !("highlights" in CSS)) return () => undefined;
  let frame = 0;

  function mark(): void {
    frame = 0;
    const ranges: Range[] = [];
    CSS.highlights.delete(PRESENT);
    for (const message of root.querySelectorAll<HTMLElement>("[data-message]")) {
      for (const range of places(message, words)) {
        if (ranges.length === MOST) break;
        ranges.push(range);
      }
      const here = message.dataset.message === present.messageId ? markAt(message, text, present.place) : undefined;
      if (here) {
        const highlight = new Highlight(here);
        highlight.priority = 1;
        CSS.highlights.set(PRESENT, highlight);
      }
    }
    CSS.highlights.set(ALL, new Highlight(...ranges));
  }

  const observer = new MutationObserver(() => (frame ||= requestAnimationFrame(mark)));
  observer.observe(root, { childList: true, subtree: true, characterData: true });
  mark();
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    CSS.highlights.delete(ALL);
    CSS.highlights.delete(PRESENT);
  };
}
