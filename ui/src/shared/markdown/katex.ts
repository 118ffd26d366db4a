/** The typesetter with its styles and fonts: a part of the program that is loaded when a formula first needs it. */
import "katex/dist/katex.min.css";
import katex from "katex";

import { sanitizeMath } from "./sanitize";

/** Macros that one formula may expand, and the largest size in em that it may ask for. */
const EXPANSIONS = 500;
const SIZE = 40;

/**
 * A formula as nodes. They are made and styled through the DOM, never parsed from HTML, so the content
 * security policy has nothing to block. Throws the typesetter's error.
 */
export function typesetNodes(source: string, display: boolean): DocumentFragment {
  const box = document.createElement("span");
  katex.render(source, box, {
    displayMode: display,
    throwOnError: true,
    trust: false,
    strict: false,
    maxExpand: EXPANSIONS,
    maxSize: SIZE,
    output: "htmlAndMathml",
  });
  sanitizeMath(box);
  const nodes = document.createDocumentFragment();
  nodes.append(...box.childNodes);
  return nodes;
}
