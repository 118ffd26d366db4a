/** Texts that are made to stop a window: each is drawn, none takes long, and no word is lost. */
import { beforeEach, describe, expect, it } from "vitest";

import { testLabels } from "./test-labels";
import { MarkdownView } from "./view";

/** Processor time, far above what any of these takes; a quadratic step would pass it by minutes. */
const BOUND_MS = 5_000;

const MEGABYTE = 1024 * 1024;

const BOMBS: Record<string, string> = {
  "10,000 nested quotes": `${"> ".repeat(10_000)}word`,
  "10,000 nested lists": `${"- ".repeat(10_000)}word`,
  "lists nested by indentation": Array.from({ length: 400 }, (_, depth) => `${"  ".repeat(depth)}- word`).join("\n"),
  "10,000 brackets": `${"[".repeat(10_000)}word${"]".repeat(10_000)}`,
  "10,000 images": `${"![".repeat(10_000)}word`,
  "a line of 5 MB": "word ".repeat(MEGABYTE),
  "a line of 5 MB without spaces": "word".repeat((5 * MEGABYTE) / 4),
  "100,000 backticks": `${"`".repeat(100_000)}word`,
  "backticks of every length": Array.from({ length: 300 }, (_, length) => `${"`".repeat(length)}word`).join(" "),
  "unbalanced emphasis": "*a_ word".repeat(MEGABYTE / 8),
  "emphasis within the limit of a line": `${"*a_".repeat(20_000)} word`,
  "10,000 link definitions": Array.from({ length: 10_000 }, (_, index) => `[l${index}]: https://a.example/${index}`).join("\n") + "\n\n[l9] word",
  "10,000 footnotes": Array.from({ length: 10_000 }, (_, index) => `[^${index}]: note`).join("\n") + "\n\nword[^1]",
  "notes that mention each other": "word[^a]\n\n[^a]: x[^b]\n[^b]: y[^a]\n",
  "a table of 1 MB": `| word | b |\n|---|---|\n${"| 1 | 2 |\n".repeat(MEGABYTE / 10)}`,
  "a table of many columns": `${"| word ".repeat(3_000)}|\n${"|---".repeat(3_000)}|\n${"| a\n".repeat(2_000)}`,
  "1 MB of dollars": `word ${"$".repeat(MEGABYTE)}`,
  "dollars and letters": `word ${"$a ".repeat(20_000)}`,
  "formulas that never end": `word ${"\\(".repeat(30_000)}${"\\[".repeat(30_000)}`,
  "blocks of formulas that never end": "word\n\n" + "$$\na\n\n".repeat(5_000),
  "nested formulas": "> word\n> " + "$$\n> ".repeat(5_000),
  "10,000 short formulas": "word $x$ ".repeat(5_000),
  "angle brackets": `word ${"<".repeat(60_000)}${"<a".repeat(30_000)}`,
  "entities": `word ${"&amp".repeat(15_000)}${"&#x1".repeat(15_000)}`,
  "links without an end": `word ${"[a](".repeat(16_000)}`,
  "titles without an end": `word ${'[a](b "'.repeat(9_000)}`,
  "bare links": `word ${"https://a.example/".repeat(3_500)}`,
  "100,000 paragraphs": "word\n\n".repeat(100_000),
  "a fence of 2 MB": `\`\`\`js\n${"word();\n".repeat(MEGABYTE / 4)}`,
  "NUL and lone surrogates": `word ${"\0\ud800".repeat(100_000)}`,
  "strikes": `word ${"~~a".repeat(20_000)}`,
  "tabs": `word\n${"\t".repeat(100_000)}a`,
  "setext": `word\n${"===\na\n".repeat(20_000)}`,
  "task marks": "- [ ] word\n".repeat(5_000),
};

let container: HTMLElement;

beforeEach(() => {
  container = document.createElement("div");
  document.body.replaceChildren(container);
});

describe("a bomb", () => {
  for (const [name, source] of Object.entries(BOMBS)) {
    it(`of ${name} is drawn`, () => {
      const view = new MarkdownView(container, testLabels);
      const from = process.cpuUsage();
      view.update(source, false);
      const { user, system } = process.cpuUsage(from);
      const took = (user + system) / 1000;
      expect(container.textContent).toContain("word");
      view.destroy();
      if (process.env.TIMES) process.stdout.write(`${name}: ${Math.round(took)} ms, ${container.querySelectorAll("*").length} elements\n`);
      expect(took).toBeLessThan(BOUND_MS);
    }, 60_000);
  }
});
