/** Draws a growing Markdown text into an element, touching only what changed. */
import type { CodeText, RenderedBlock } from "./block";
import { CODE_ACTION, codeParts, colourOf, dressCode, frameCode, switchLook, type CodeAction } from "./code";
import { MarkdownDocument } from "./document";
import { drawFigures, markFigure, switchSource } from "./figures";
import { NOTE, NOTE_BACK } from "./footnotes";
import { canTypeset, loadTypesetter, markFormulas, typesetFormulas } from "./formulas";
import { replaceKeepingHeight } from "./heights";
import type { MarkdownLabels } from "./labels";
import { morph } from "./morph";
import { sanitizeBlocks } from "./sanitize";

/** How long drawing may keep the window busy before it goes on later, milliseconds. */
const SLICE_MS = 40;
/** How long typesetting may within that. */
const FORMULAS_MS = 12;

/** The drawn form of one text. */
export class MarkdownView {
  readonly #container: HTMLElement;
  readonly #labels: MarkdownLabels;
  readonly #document = new MarkdownDocument();
  readonly #slice: number;
  #blocks: readonly RenderedBlock[] = [];
  #drawn: { block: RenderedBlock; growing: boolean; element: HTMLElement }[] = [];
  #later = 0;
  #formulasLater = 0;

  constructor(container: HTMLElement, labels: MarkdownLabels, slice = SLICE_MS) {
    container.replaceChildren();
    this.#container = container;
    this.#labels = labels;
    this.#slice = slice;
  }

  /** Draws the whole text so far; `streaming` tells that more may come. A long text is drawn in slices. */
  update(text: string, streaming: boolean): void {
    this.#blocks = this.#document.update(text, streaming);
    for (const extra of this.#drawn.splice(this.#blocks.length)) extra.element.remove();
    this.#drawFrom(0);
  }

  /** Draws again what depends on the colours of the window. */
  recolour(): void {
    drawFigures(this.#container, this.#labels, true);
  }

  /** Ends what was to be drawn later. */
  destroy(): void {
    clearTimeout(this.#later);
    clearTimeout(this.#formulasLater);
  }

  /** Does what a button inside of the text stands for; false when it is not one of these. */
  act(button: Element): boolean {
    const action = button.getAttribute(CODE_ACTION);
    if (action === "wrap" || action === "numbers") switchLook(action);
    else if (action === "source") switchSource(button);
    else if (button.hasAttribute(NOTE)) this.#focus(`li[${NOTE}="${button.getAttribute(NOTE) ?? ""}"]`);
    else if (button.hasAttribute(NOTE_BACK)) this.#focus(`button[${NOTE}="${button.getAttribute(NOTE_BACK) ?? ""}"]`);
    else return false;
    return true;
  }

  #focus(selector: string): void {
    const target = this.#container.querySelector<HTMLElement>(selector);
    target?.focus({ preventScroll: true });
    target?.scrollIntoView({ block: "nearest" });
  }

  #drawFrom(first: number): void {
    clearTimeout(this.#later);
    const deadline = performance.now() + this.#slice;
    let index = first;
    for (; index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index];
      if (block) this.#draw(block, index);
      if (performance.now() > deadline) break;
    }
    drawFigures(this.#container, this.#labels);
    if (index + 1 < this.#blocks.length) {
      this.#later = window.setTimeout(() => {
        this.#drawFrom(index + 1);
      });
    }
    this.#typeset();
  }

  /** Goes on typesetting until all formulas are done. */
  #typeset(): void {
    clearTimeout(this.#formulasLater);
    if (typesetFormulas(this.#container, performance.now() + FORMULAS_MS)) return;
    if (canTypeset()) {
      this.#formulasLater = window.setTimeout(() => {
        this.#typeset();
      });
    } else {
      void loadTypesetter().then(() => {
        if (canTypeset()) this.#typeset();
      });
    }
  }

  #draw(block: RenderedBlock, index: number): void {
    const drawn = this.#drawn[index];
    if (drawn && drawn.growing === block.growing && drawn.block.isLike(block)) {
      drawn.block = block;
      return;
    }
    const wanted = this.#build(block);
    if (!drawn) {
      this.#container.append(wanted);
      this.#drawn.push({ block, growing: block.growing, element: wanted });
      return;
    }
    if (drawn.element.tagName === wanted.tagName) {
      morph(drawn.element, wanted);
    } else {
      replaceKeepingHeight(drawn.element, wanted);
      drawn.element = wanted;
    }
    drawn.block = block;
    drawn.growing = block.growing;
  }

  #build(block: RenderedBlock): HTMLElement {
    if (block.code) return this.#buildCode(block.code, !block.growing);
    return block.text === null ? this.#buildHtml(block.html, !block.growing) : asWritten(block.text);
  }

  /** Code is text: it needs neither HTML nor the gate for it. */
  #buildCode({ text, language, closed }: CodeText, final: boolean): HTMLElement {
    const pre = document.createElement("pre");
    pre.append(...codeParts(text));
    const box = document.createElement("div");
    box.append(pre);
    return this.#frame(pre, language, closed || final);
  }

  /** One element per block: safe nodes, code in its frame, tasks and footnotes with their words. */
  #buildHtml(html: string, final: boolean): HTMLElement {
    const nodes = sanitizeBlocks(html);
    for (const item of nodes.querySelectorAll("li.task")) item.prepend(this.#taskMark(item.classList.contains("is-done")));
    for (const link of nodes.querySelectorAll("a")) {
      link.rel = "noopener noreferrer";
      if (link.classList.contains("picture")) link.title = this.#labels.picture(new URL(link.href).host);
    }
    for (const pre of nodes.querySelectorAll<HTMLPreElement>("pre:not(.as-written)")) {
      const { language = "", closed } = pre.dataset;
      pre.removeAttribute("data-language");
      pre.removeAttribute("data-closed");
      this.#frame(pre, language, final || closed === "true");
    }
    this.#nameNotes(nodes);
    markFormulas(nodes);
    if (canTypeset()) typesetFormulas(nodes, performance.now() + FORMULAS_MS);
    const only = nodes.firstElementChild;
    if (only instanceof HTMLElement && nodes.childElementCount === 1) return only;
    const box = document.createElement("div");
    box.append(nodes);
    return box;
  }

  #taskMark(done: boolean): Element {
    const mark = document.createElement("span");
    mark.className = "task-mark";
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", done ? this.#labels.taskDone : this.#labels.taskOpen);
    return mark;
  }

  /** Footnotes are reached and left by buttons: nothing in the text has an address inside the window. */
  #nameNotes(nodes: DocumentFragment): void {
    for (const section of nodes.querySelectorAll(".notes")) section.setAttribute("aria-label", this.#labels.notes);
    for (const item of nodes.querySelectorAll<HTMLElement>(`li[${NOTE}]`)) item.tabIndex = -1;
    for (const mention of nodes.querySelectorAll(`sup[${NOTE}]`)) {
      const number = mention.getAttribute(NOTE) ?? "";
      mention.removeAttribute(NOTE);
      mention.replaceChildren(noteButton(NOTE, number, this.#labels.note(Number(number)), number));
    }
    for (const back of nodes.querySelectorAll(`span[${NOTE_BACK}]`)) {
      const number = back.getAttribute(NOTE_BACK) ?? "";
      const button = noteButton(NOTE_BACK, number, this.#labels.noteBack(Number(number)), "↩\uFE0E");
      const last = back.previousElementSibling;
      if (last?.localName === "p") last.append(" ", button);
      else back.before(button);
      back.remove();
    }
  }

  /** A code block with its language and its buttons; closed code gets colours, a closed diagram its picture. */
  #frame(pre: HTMLPreElement, label: string, isClosed: boolean): HTMLElement {
    const isDiagram = label.toLowerCase() === "mermaid";
    const actions: CodeAction[] = isDiagram ? ["source", "copy"] : ["wrap", "numbers", "copy"];
    const frame = frameCode(pre, label, actions, this.#labels);
    if (isDiagram) {
      frame.classList.add("diagram");
      if (isClosed) markFigure(frame, this.#labels);
    } else {
      dressCode(pre, isClosed ? colourOf(label) : null, this.#container);
    }
    return frame;
  }
}

function asWritten(text: string): HTMLElement {
  const element = document.createElement("pre");
  element.className = "as-written";
  element.textContent = text;
  return element;
}

function noteButton(kind: string, number: string, name: string, text: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "note-button";
  button.setAttribute(kind, number);
  button.setAttribute("aria-label", name);
  button.textContent = text;
  return button;
}
