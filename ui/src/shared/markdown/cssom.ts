/**
 * Lets a library that writes style attributes and style elements run under a content security policy that
 * blocks both: while it draws they go through the CSSOM, which is the same to the library and which the
 * policy allows.
 */

/** What was drawn, and the text of the style elements that belong to it. */
export interface Drawn {
  svg: SVGSVGElement;
  styles: string;
}

/** Style sheets by the box that is being drawn in. */
const drawing = new Map<HTMLElement, CSSStyleSheet[]>();
const { setAttribute } = Element.prototype;
const { appendChild, insertBefore } = Node.prototype;

/**
 * Runs a drawing inside a box and returns the element itself. The library would write it out and parse it
 * again, and parsing a style attribute is blocked even outside of the document.
 */
export async function throughCssom(box: HTMLElement, draw: () => Promise<unknown>): Promise<Drawn> {
  const sheets: CSSStyleSheet[] = [];
  let svg: SVGSVGElement | null = null;
  box.appendChild = function <T extends Node>(node: T): T {
    const takeOut = (): string => {
      svg = node instanceof Element ? (node.querySelector("svg") ?? svg) : svg;
      return "<svg></svg>";
    };
    Object.defineProperty(node, "innerHTML", { get: takeOut });
    return appendChild.call(this, node) as T;
  };
  if (drawing.size === 0) install();
  drawing.set(box, sheets);
  try {
    await draw();
    if (!svg) throw new Error("");
    return { svg, styles: sheets.flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText)).join("\n") };
  } finally {
    drawing.delete(box);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet));
    if (drawing.size === 0) uninstall();
  }
}

function install(): void {
  Element.prototype.setAttribute = function (name: string, value: string): void {
    if (name === "style" && "style" in this) (this as HTMLElement | SVGElement).style.cssText = value;
    else setAttribute.call(this, name, value);
  };
  Node.prototype.insertBefore = function <T extends Node>(node: T, before: Node | null): T {
    const sheets = node instanceof HTMLStyleElement ? sheetsAround(this) : undefined;
    if (!sheets) return insertBefore.call(this, node, before) as T;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(node.textContent ?? "");
    sheets.push(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return node;
  };
}

function uninstall(): void {
  Element.prototype.setAttribute = setAttribute;
  Node.prototype.insertBefore = insertBefore;
}

/** A style element in the head belongs to the drawing too: nothing else in this window makes any. */
function sheetsAround(node: Node): CSSStyleSheet[] | undefined {
  for (const [box, sheets] of drawing) if (box.contains(node) || node === document.head) return sheets;
  return undefined;
}
