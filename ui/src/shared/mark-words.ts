/** The name of what is marked; `base.css` says how it looks. */
const NAME = "found";
/** Ranges that are marked at most: more is no help, and every one is painted. */
const MOST = 2_000;

/** The words of a search: those in double quotes stand together. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"?|([^\s"]+)/g)]
    .map(([, quoted, plain]) => (quoted ?? plain ?? "").trim().toLowerCase())
    .filter(Boolean);
}

/** The stretches of a text that begin a word of it and are one of these words. */
export function stretches(text: string, words: readonly string[]): [number, number][] {
  const plain = text.toLowerCase();
  if (plain.length !== text.length) return [];
  const found: [number, number][] = [];
  for (const word of words)
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length))
      if (at === 0 || !/[\p{L}\p{N}]/u.test(plain.charAt(at - 1))) found.push([at, at + word.length]);
  return found;
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

/** The first place below an element where one of the words of a search is marked. */
export function firstMark(element: Element, text: string): Range | undefined {
  return places(element, wordsOf(text)).next().value;
}

/**
 * Marks words in all messages below an element, also in those that are drawn later, without touching the
 * document. Returns how to take the marks away; does nothing in a web view without custom highlights.
 */
export function markWords(root: HTMLElement, text: string): () => void {
  const words = wordsOf(text);
  if (words.length === 0 || typeof Highlight === "undefined" || !("highlights" in CSS)) return () => undefined;
  let frame = 0;

  function mark(): void {
    frame = 0;
    const ranges: Range[] = [];
    for (const message of root.querySelectorAll("[data-message]")) {
      for (const range of places(message, words)) {
        if (ranges.length === MOST) break;
        ranges.push(range);
      }
    }
    CSS.highlights.set(NAME, new Highlight(...ranges));
  }

  const observer = new MutationObserver(() => (frame ||= requestAnimationFrame(mark)));
  observer.observe(root, { childList: true, subtree: true, characterData: true });
  mark();
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    CSS.highlights.delete(NAME);
  };
}
