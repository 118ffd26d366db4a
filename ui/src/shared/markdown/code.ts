/** Frames of code blocks: a header with switches and a copy button, line numbers, colours. */
import { highlighted, languageOf, loadLanguage } from "./highlight";
import type { MarkdownLabels } from "./labels";

/** Marks a button of a code block with what it does. */
export const CODE_ACTION = "data-code-action";

/** What the buttons of a code block do. */
export type CodeAction = "copy" | "wrap" | "numbers" | "source";

/** Length of a part of long code; code in parts has neither colours nor numbers. */
const PART = 96 * 1024;

/** How code is shown in this window; the switches of one block are those of all. */
const look = { wrap: false, numbers: false };

/** Puts a code block into its frame. */
export function frameCode(pre: HTMLPreElement, label: string, actions: readonly CodeAction[], labels: MarkdownLabels): HTMLElement {
  pre.tabIndex = 0;
  const frame = document.createElement("div");
  frame.className = "code";
  const header = document.createElement("div");
  header.className = "code-head";
  const name = document.createElement("span");
  name.textContent = label || labels.code;
  header.append(name, ...actions.map((action) => button(action, labels)));
  pre.replaceWith(frame);
  frame.append(header, pre);
  return frame;
}

/** The text of a block; a long one in parts, of which the window lays out those that are seen. */
export function codeParts(text: string): HTMLElement[] {
  const texts: string[] = [];
  if (text.length <= PART) {
    texts.push(text);
  } else {
    for (let from = 0; from < text.length; ) {
      const to = text.indexOf("\n", from + PART) + 1 || text.length;
      texts.push(text.slice(from, to));
      from = to;
    }
  }
  return texts.map((part) => {
    const code = document.createElement("code");
    if (texts.length > 1) code.className = "code-part";
    code.textContent = part;
    return code;
  });
}

/** Colours a code block now or when its language is there, and numbers its lines if they are wanted. */
export function dressCode(pre: HTMLElement, language: string | null, container: HTMLElement): void {
  const code = pre.querySelector("code");
  if (!code || pre.childElementCount > 1) return;
  if (language && !colour(code, language)) {
    const text = code.textContent;
    void loadLanguage(language).then(() => {
      // The nodes that were built then may have been merged into others.
      for (const drawn of container.querySelectorAll<HTMLElement>("pre > code:not(.is-coloured)")) {
        if (drawn.textContent === text) dressNow(drawn, language);
      }
    });
  }
  number(code, look.numbers);
}

/** The language to colour a block in, or null. */
export const colourOf = languageOf;

/** Turns wrapping or numbers on or off everywhere. */
export function switchLook(which: "wrap" | "numbers"): void {
  look[which] = !look[which];
  document.documentElement.toggleAttribute(`data-code-${which}`, look[which]);
  for (const toggle of document.querySelectorAll(`.markdown [${CODE_ACTION}="${which}"]`)) {
    toggle.setAttribute("aria-pressed", String(look[which]));
  }
  if (which === "numbers") {
    for (const code of document.querySelectorAll<HTMLElement>(".markdown .code:not(.diagram) code")) number(code, look.numbers);
  }
}

function dressNow(code: HTMLElement, language: string): void {
  colour(code, language);
  number(code, look.numbers);
}

function colour(code: HTMLElement, language: string): boolean {
  const coloured = highlighted(code.textContent, language);
  if (!coloured) return false;
  code.classList.add("is-coloured");
  code.replaceChildren(coloured);
  return true;
}

/**
 * Puts an empty mark before each line, or takes all out. A style counts them, so that numbers are neither
 * selected nor copied, and lines keep theirs where they wrap.
 */
function number(code: HTMLElement, wanted: boolean): void {
  for (const mark of code.querySelectorAll(".line-mark")) mark.remove();
  code.normalize();
  if (!wanted || code.classList.contains("code-part")) return;
  const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (texts.nextNode()) found.push(texts.currentNode as Text);
  let isLineStart = true;
  for (const text of found) {
    let rest = text;
    while (rest.data !== "") {
      if (isLineStart) rest.before(mark());
      const end = rest.data.indexOf("\n") + 1;
      isLineStart = end > 0;
      if (end === 0 || end === rest.data.length) break;
      rest = rest.splitText(end);
    }
  }
}

function mark(): Element {
  const element = document.createElement("span");
  element.className = "line-mark";
  return element;
}

function button(action: CodeAction, labels: MarkdownLabels): HTMLButtonElement {
  const element = document.createElement("button");
  const name = { copy: labels.copyCode, wrap: labels.wrap, numbers: labels.numbers, source: labels.source }[action];
  element.type = "button";
  element.className = `code-button code-${action}`;
  element.setAttribute(CODE_ACTION, action);
  element.setAttribute("aria-label", name);
  element.title = name;
  if (action === "wrap" || action === "numbers") element.setAttribute("aria-pressed", String(look[action]));
  if (action === "source") element.setAttribute("aria-pressed", "false");
  return element;
}
