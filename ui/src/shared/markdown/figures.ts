/** Diagrams inside of a drawn text: the source while it is written, then the picture in its place. */
import { drawDiagram, drawnDiagram, type Drawing } from "./diagrams";
import { keepHeight } from "./heights";
import type { MarkdownLabels } from "./labels";
import { KEEP } from "./morph";

/** Heights kept for pictures that are lower than their source was, by the source. */
const kept = new Map<string, number>();
const KEPT_LIMIT = 200;
/** How small a picture may become to fit. */
const READABLE = 0.8;

/** Makes a closed frame of code a diagram and draws it at once where that is known. */
export function markFigure(frame: HTMLElement, labels: MarkdownLabels): void {
  const source = sourceOf(frame);
  frame.classList.add("figure");
  frame.setAttribute(KEEP, `diagram ${source}`);
  const known = drawnDiagram(source);
  if (!known) return;
  frame.classList.add("is-asked");
  show(frame, known, labels);
}

/** Draws what is not drawn yet under a node; `again` draws everything, for other colours. */
export function drawFigures(root: ParentNode, labels: MarkdownLabels, again = false): void {
  for (const frame of root.querySelectorAll<HTMLElement>(again ? ".figure" : ".figure:not(.is-asked)")) {
    frame.classList.add("is-asked");
    const source = sourceOf(frame);
    void drawDiagram(source).then((drawing) => {
      // The colours may have changed once more.
      if (frame.isConnected) show(frame, drawnDiagram(source) ?? drawing, labels);
    });
  }
}

/** Shows the text of a diagram or its picture. */
export function switchSource(toggle: Element): void {
  const frame = toggle.closest(".figure");
  const isShown = frame?.classList.toggle("is-source") ?? false;
  toggle.setAttribute("aria-pressed", String(isShown));
}

function sourceOf(frame: Element): string {
  return frame.querySelector("pre")?.textContent ?? "";
}

function show(frame: HTMLElement, drawing: Drawing, labels: MarkdownLabels): void {
  const source = sourceOf(frame);
  frame.querySelector(".figure-fault")?.remove();
  if (!drawing.picture) {
    const fault = document.createElement("p");
    fault.className = "figure-fault";
    fault.textContent = labels.diagramFault(drawing.fault, drawing.reason);
    frame.querySelector(".figure-picture")?.remove();
    frame.classList.remove("is-drawn");
    frame.classList.add("is-wrong");
    frame.append(fault);
    return;
  }
  const { url, width, height } = drawing.picture;
  const box = frame.querySelector<HTMLElement>(".figure-picture") ?? document.createElement("div");
  const image = box.querySelector("img") ?? document.createElement("img");
  image.width = Math.ceil(width);
  image.height = Math.ceil(height);
  // A wide one is scrolled before its words become too small to be read.
  image.style.minWidth = `${Math.ceil(width * READABLE)}px`;
  image.alt = labels.diagram;
  image.src = url;
  const height0 = keepHeight(frame, () => {
    box.className = "figure-picture";
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", labels.diagram);
    if (!image.isConnected) box.append(image);
    if (!box.isConnected) frame.append(box);
    frame.classList.add("is-drawn");
  });
  remember(frame, source, height0);
}

/** A figure that is mounted again is as high as it was. */
function remember(frame: HTMLElement, source: string, height: number): void {
  if (height > 0) {
    kept.set(source, height);
    const oldest = kept.keys().next();
    if (kept.size > KEPT_LIMIT && !oldest.done) kept.delete(oldest.value);
  } else if (!frame.style.minHeight && kept.has(source)) {
    frame.style.minHeight = `${kept.get(source) ?? 0}px`;
  }
}
