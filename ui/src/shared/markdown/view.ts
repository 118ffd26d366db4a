/** Draws a growing Markdown text into an element, touching only what changed. */
import { MarkdownDocument, type RenderedBlock } from "./document";
import { highlighted, languageOf, loadLanguage } from "./highlight";
import { morph } from "./morph";
import { sanitizeBlocks } from "./sanitize";

/** Words that the drawing needs, in the language of the interface. */
export interface MarkdownLabels {
  /** Name of the button that copies a code block. */
  copyCode: string;
  /** Label of a code block whose language is not named. */
  code: string;
  /** Said for a ticked task. */
  taskDone: string;
  /** Said for an open task. */
  taskOpen: string;
}

/** Marks the button that copies the code block it stands in. */
export const COPY_CODE = "data-copy-code";

/** The drawn form of one text. */
export class MarkdownView {
  readonly #container: HTMLElement;
  readonly #labels: MarkdownLabels;
  readonly #document = new MarkdownDocument();
  #drawn: { block: RenderedBlock; element: Element; final: boolean }[] = [];

  constructor(container: HTMLElement, labels: MarkdownLabels) {
    container.replaceChildren();
    this.#container = container;
    this.#labels = labels;
  }

  /** Draws the whole text so far; `streaming` tells that more may come. */
  update(text: string, streaming: boolean): void {
    const blocks = this.#document.update(text, streaming);
    blocks.forEach((block, index) => {
      this.#draw(block, index, !streaming || index < blocks.length - 1);
    });
    for (const extra of this.#drawn.splice(blocks.length)) extra.element.remove();
  }

  #draw(block: RenderedBlock, index: number, final: boolean): void {
    const drawn = this.#drawn[index];
    if (drawn && drawn.final === final && (drawn.block === block || drawn.block.html === block.html)) {
      drawn.block = block;
      return;
    }
    const wanted = this.#build(block.html, final);
    if (!drawn) {
      this.#container.append(wanted);
      this.#drawn.push({ block, element: wanted, final });
      return;
    }
    if (drawn.element.tagName === wanted.tagName) {
      morph(drawn.element, wanted);
    } else {
      drawn.element.replaceWith(wanted);
      drawn.element = wanted;
    }
    drawn.block = block;
    drawn.final = final;
  }

  /** One element per block: safe nodes, code in its frame, tasks with their words. */
  #build(html: string, final: boolean): Element {
    const nodes = sanitizeBlocks(html);
    for (const item of nodes.querySelectorAll("li.task")) item.prepend(this.#taskMark(item.classList.contains("is-done")));
    for (const link of nodes.querySelectorAll("a")) link.rel = "noopener noreferrer";
    for (const pre of nodes.querySelectorAll("pre")) this.#frame(pre, final);
    const only = nodes.firstElementChild;
    if (only && nodes.childElementCount === 1) return only;
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

  /** A code block with its language, a copy button, and colours once it is closed. */
  #frame(pre: HTMLPreElement, final: boolean): void {
    const label = pre.dataset.language ?? "";
    const isClosed = final || pre.dataset.closed === "true";
    pre.removeAttribute("data-language");
    pre.removeAttribute("data-closed");
    pre.tabIndex = 0;

    const frame = document.createElement("div");
    frame.className = "code";
    const header = document.createElement("div");
    header.className = "code-head";
    const name = document.createElement("span");
    name.textContent = label || this.#labels.code;
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "code-copy";
    copy.setAttribute(COPY_CODE, "");
    copy.setAttribute("aria-label", this.#labels.copyCode);
    copy.title = this.#labels.copyCode;
    header.append(name, copy);
    pre.replaceWith(frame);
    frame.append(header, pre);

    const code = pre.querySelector("code");
    const language = languageOf(label);
    if (code && language && isClosed) this.#colour(code, language);
  }

  #colour(code: HTMLElement, language: string): void {
    const text = code.textContent;
    const coloured = highlighted(text, language);
    if (coloured) {
      code.replaceChildren(coloured);
      return;
    }
    void loadLanguage(language).then(() => {
      this.#colourDrawn(text, language);
    });
  }

  /** The language arrived later: the nodes that were built then may have been merged into others. */
  #colourDrawn(text: string, language: string): void {
    for (const code of this.#container.querySelectorAll<HTMLElement>("pre > code")) {
      if (code.childElementCount > 0 || code.textContent !== text) continue;
      const coloured = highlighted(text, language);
      if (coloured) code.replaceChildren(coloured);
    }
  }
}
