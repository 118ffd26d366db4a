import { expect, it } from "vitest";
import { signsOf } from "./signs";

/** A text with its signs taken out, from the last to the first. */
function without(text: string): string {
  let end = text.length;
  let words = "";
  for (const [from, to] of signsOf(text).reverse()) {
    words = text.slice(Math.min(to, end), end) + words;
    end = Math.min(from, end);
  }
  return text.slice(0, end) + words;
}

it.each([
  ["# Title\n\n> quoted\n- item\n* item", "Title\n\nquoted\nitem\nitem"],
  ["**bold** and *so* `code` ~~gone~~", "bold and so code gone"],
  ["2 * 3 and 2 - 1, a || b, snake_case", "2 * 3 and 2 - 1, a || b, snake_case"],
  ["see [the docs](https://example.com/a?b) ![a dot](data:x)", "see the docs a dot"],
  ["an array[0] and (this)", "an array[0] and (this)"],
  ["| a | b |\n|---|:-:|\n| 1 | 2 |", " a  b \n\n 1  2 "],
  ["```rust\nfn main() {}\n```", "\nfn main() {}\n"],
])("finds the signs of %j", (text, words) => {
  expect(without(text)).toBe(words);
});

/** Where a rule looks at each place from each other one, it takes minutes. */
const BOUND_MS = 5_000;

it.each(["[", "](", "* ", "`", "| ", " ", "-|", "#", "~"])("reads a line of %j only without getting stuck", (part) => {
  const text = part.repeat(100_000);
  const began = performance.now();
  signsOf(`${text}x`);
  expect(performance.now() - began).toBeLessThan(BOUND_MS);
});
