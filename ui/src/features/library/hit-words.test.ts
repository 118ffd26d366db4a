import { expect, it } from "vitest";
import { plainPieces } from "./hit-words";

const shown = (...texts: string[]) =>
  plainPieces(texts.map((text, index) => ({ text, hit: index % 2 === 1 })))
    .map(({ text, hit }) => (hit ? `{${text}}` : text))
    .join("");

it("shows the words of a hit without signs", () => {
  expect(shown("…and **the ", "vacuum", "** of `pg` | a | b")).toBe("…and the {vacuum} of pg  a  b");
  expect(shown("## The ", "vacuum", "\n- item")).toBe("The {vacuum}\nitem");
});

it("reads a sign that goes on behind what was found", () => {
  expect(shown("see [the ", "vacuum", " docs](https://example.com) now")).toBe("see the {vacuum} docs now");
  expect(shown("see [docs](https://example.com/", "vacuum", "/more) now")).toBe("see docs{vacuum} now");
});

it("leaves what was looked for as it is", () => {
  expect(shown("a ", "**b**", " c")).toBe("a {**b**} c");
});
