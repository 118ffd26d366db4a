/**
 * Lets a library that writes style attributes and style elements run under a content security policy that
 * blocks both: while it draws they go through the CSSOM, which is the same to the library and which the
 * policy allows.
 */

interface Styled {
  svg: string;
  /** The text of the style elements that were put into the box. */
  styles: string;
}

/** Style sheets by the box that is being drawn in. */
const drawing = new Map<HTMLElement, CSSStyleSheet[]>();
const setAttribute = Element.prototype.setAttribute;
const insertBefore = Node.prototype.insertBefore;

/** Runs a drawing inside a box. */
export async function throughCssom(box: HTMLElement, draw: () => Promise<string>): Promise<Styled> {
  const texts: string[] = [];
  const sheets: CSSStyleSheet[] = [];
  if (drawing.size === 0) install();
  drawing.set(box, sheets);
  try {
    const svg = await draw();
    for (const sheet of sheets) texts.push(...[...sheet.cssRules].map((rule) => rule.cssText));
    return { svg, styles: texts.join("\n") };
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

function sheetsAround(node: Node): CSSStyleSheet[] | undefined {
  for (const [box, sheets] of drawing) if (box.contains(node)) return sheets;
  return undefined;
}
