/** Last gate before the document: an allow list, whatever the parser produced. */
import DOMPurify, { type Config } from "dompurify";

import { LINK_PATTERN } from "./parser";
import { isInlineImage } from "./pictures";

const BLOCKS: Config = {
  ALLOWED_TAGS: [
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
    "pre", "s", "section", "span", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: [
    "alt", "class", "data-closed", "data-language", "data-math", "data-note", "data-note-back", "href", "src", "start", "title",
  ],
  ALLOWED_URI_REGEXP: LINK_PATTERN,
  ADD_URI_SAFE_ATTR: ["data-closed", "data-language", "data-math", "data-note", "data-note-back", "start"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const HIGHLIGHTED: Config = { ...BLOCKS, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] };

/** What the typesetter makes: boxes with styles, strokes, and MathML for those who listen. */
const MATH_ELEMENTS = new Set([
  "span", "svg", "path", "line", "math", "semantics", "annotation", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace",
  "mfrac", "msqrt", "mroot", "mstyle", "merror", "mpadded", "mphantom", "mfenced", "menclose", "msub", "msup", "msubsup",
  "munder", "mover", "munderover", "mmultiscripts", "mtable", "mtr", "mtd", "mlabeledtr", "mprescripts", "none",
]);
const MATH_ATTRIBUTES = new Set([
  "accent", "accentunder", "aria-hidden", "class", "columnalign", "columnlines", "columnspacing", "columnspan", "d", "depth",
  "display", "displaystyle", "encoding", "fence", "form", "frame", "height", "largeop", "linebreak", "linethickness", "lspace",
  "mathbackground", "mathcolor", "mathsize", "mathvariant", "maxsize", "minsize", "movablelimits", "notation",
  "preserveAspectRatio", "rowalign", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "side", "stretchy",
  "stroke-width", "style", "symmetric", "viewBox", "voffset", "width", "x1", "x2", "xmlns", "y1", "y2",
]);

/** HTML of blocks as safe nodes. */
export function sanitizeBlocks(html: string): DocumentFragment {
  const nodes = DOMPurify.sanitize(html, { ...BLOCKS, RETURN_DOM_FRAGMENT: true });
  for (const image of nodes.querySelectorAll("img")) {
    if (!isInlineImage(image.getAttribute("src") ?? "")) image.replaceWith(image.alt);
  }
  for (const link of nodes.querySelectorAll("a")) {
    if (!isAddress(link.href)) link.replaceWith(...link.childNodes);
  }
  return nodes;
}

/** Whether there is a host to show before a link is opened; `http://` alone has none. */
function isAddress(href: string): boolean {
  try {
    return new URL(href).host !== "";
  } catch {
    return false;
  }
}

/** Highlighted code as safe nodes: spans with classes and text, nothing else. */
export function sanitizeHighlighted(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, { ...HIGHLIGHTED, RETURN_DOM_FRAGMENT: true });
}

/** Takes everything out of typeset nodes that mathematics does not need. */
export function sanitizeMath(nodes: ParentNode): void {
  for (const element of [...nodes.querySelectorAll("*")]) {
    if (!MATH_ELEMENTS.has(element.localName)) {
      element.remove();
      continue;
    }
    for (const { name } of [...element.attributes]) {
      if (!MATH_ATTRIBUTES.has(name)) element.removeAttribute(name);
    }
  }
}
