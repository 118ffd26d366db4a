declare module "markdown-it-footnote" {
  import type { MarkdownIt } from "markdown-it";

  /** Adds the rules of footnotes. */
  export default function footnotes(parser: MarkdownIt): void;
}
