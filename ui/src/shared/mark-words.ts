/** The names of what is marked; `base.css` says how they look. */
const ALL = "found";
const PRESENT = "found-present";
/** Ranges that are marked at most: more is no help, and every one is painted. */
const MOST = 2_000;

/** The element that holds what a message says: only in there words are marked. */
const SAID = "[data-said]";
/** Letters with an accent that the search finds without it. */
const ACCENTED = /[\u00e0-\u024f\u1e00-\u1eff]/g;
/** What is drawn otherwise than it was written, and what belongs to the window. */
const NOT_SAID = ".math, .diagram, .code-head, .picture > span, button";
/** Where a text begins anew: no word goes on from one of these into another. */
const BLOCK = `${SAID}, p, li, td, th, pre, h1, h2, h3, h4, h5, h6`;

/** The words of a search: those in double quotes stand together. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"?|([^\s"]+)/g)]
    .map(([, quoted, plain]) => folded((quoted ?? plain ?? "").trim().replace(/\s+/g, " ")))
    .filter(Boolean);
}

/** A text as the search reads it: small letters without accents, in lines that go on; no longer or shorter than it was. */
function folded(text: string): string {
  let small = text.toLowerCase();
  if (small.length !== text.length)
    small = Array.from(text, (char) => (char.toLowerCase().length === char.length ? char.toLowerCase() : char)).join("");
  return small.replace(ACCENTED, (char) => char.normalize("NFD").charAt(0)).replaceAll("\n", " ");
}

/** A place among those that are marked: of which message, and which of its places, from 0. */
export interface Place {
  messageId: string | null;
  place: number;
}

/** The stretches of a text that begin a word of it and are one of these words, in order, none inside another. */
export function stretches(text: string, words: readonly string[]): [number, number][] {
  const plain = folded(text);
  const found: [number, number][] = [];
  for (const word of words)
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length))
      if (at === 0 || !/[\p{L}\p{N}]/u.test(plain.charAt(at - 1))) found.push([at, at + word.length]);
  found.sort(([one, end], [other, otherEnd]) => one - other || otherEnd - end);
  let end = 0;
  return found.filter(([from, to]) => from >= end && (end = to));
}

/** The texts of what is said below an element, each in the nodes that hold its parts. */
function* textsOf(message: Element): Generator<Text[]> {
  const said = message.querySelector(SAID);
  if (!said) return;
  const walker = document.createTreeWalker(said, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node instanceof Element && node.matches(NOT_SAID) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  let open: Text[] = [];
  let block: Element | null = null;
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!(node instanceof Text)) continue;
    const its = node.parentElement?.closest(BLOCK) ?? null;
    if (its !== block && open.length > 0) {
      yield open;
      open = [];
    }
    block = its;
    open.push(node);
  }
  if (open.length > 0) yield open;
}

/** The places of a message that begin a word and are one of these words, in the order of the text. */
function* places(message: Element, words: readonly string[]): Generator<Range> {
  for (const nodes of textsOf(message)) {
    let index = 0;
    let begin = 0;
    // Places come in order: the nodes are gone through once.
    const place = (at: number, isEnd: boolean): [Text, number] | undefined => {
      for (; index < nodes.length; index += 1) {
        const node = nodes[index];
        const end = begin + (node?.length ?? 0);
        if (node && (isEnd ? at <= end : at < end)) return [node, at - begin];
        begin = end;
      }
      return undefined;
    };
    for (const [from, to] of stretches(nodes.map(({ data }) => data).join(""), words)) {
      const [start, end] = [place(from, false), place(to, true)];
      if (!start || !end) continue;
      const range = document.createRange();
      range.setStart(...start);
      range.setEnd(...end);
      yield range;
    }
  }
}

/** A place of a message where one of the words of a search is marked; the last one where there are fewer. */
export function markAt(message: Element, text: string, place: number): Range | undefined {
  let last: Range | undefined;
  let left = place;
  for (const range of places(message, wordsOf(text))) {
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
