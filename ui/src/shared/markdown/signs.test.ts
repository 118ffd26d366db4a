import { expect, it } from "vitest";
import { withoutSigns } from "./signs";

it.each([
  ["# Title\n\n> quoted\n- item\n* item", "Title\n\nquoted\nitem\nitem"],
  ["**bold** and *so* `code` ~~gone~~", "bold and so code gone"],
  ["2 * 3 and 2 - 1, a || b, snake_case", "2 * 3 and 2 - 1, a || b, snake_case"],
  ["see [the docs](https://example.com/a?b) ![a dot](data:x)", "see the docs a dot"],
  ["an array[0] and (this)", "an array[0] and (this)"],
  ["| a | b |\n|---|:-:|\n| 1 | 2 |", " a  b \n\n 1  2 "],
  ["```rust\nfn main() {}\n```", "\nfn main() {}\n"],
])("finds the signs of %j", (text, words) => {
  expect(withoutSigns(text)).toBe(words);
});

/** Where a rule looks at each place from each other one, it takes minutes. */
const BOUND_MS = 5_000;

it.each(["[", "](", "* ", "`", "| ", " ", "-|", "#", "~"])("reads a line of %j only without getting stuck", (part) => {
  const text = part.repeat(100_000);
  const began = performance.now();
  withoutSigns(`${text}x`);
  expect(performance.now() - began).toBeLessThan(BOUND_MS);
});
