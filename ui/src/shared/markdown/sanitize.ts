/** Last gate before the document: an allow list, whatever the parser produced. */
import DOMPurify, { type Config } from "dompurify";

import { LINK_PATTERN } from "./parser";

const BLOCKS: Config = {
  ALLOWED_TAGS: [
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: ["class", "data-closed", "data-language", "href", "start", "title"],
  ALLOWED_URI_REGEXP: LINK_PATTERN,
  ADD_URI_SAFE_ATTR: ["data-closed", "data-language", "start"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const HIGHLIGHTED: Config = { ...BLOCKS, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] };

/** HTML of blocks as safe nodes. */
export function sanitizeBlocks(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, { ...BLOCKS, RETURN_DOM_FRAGMENT: true });
}

/** Highlighted code as safe nodes: spans with classes and text, nothing else. */
export function sanitizeHighlighted(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, { ...HIGHLIGHTED, RETURN_DOM_FRAGMENT: true });
}
