import { expect, it, vi } from "vitest";

import { MarkdownDocument } from "./document";
import * as parser from "./parser";

vi.mock("./parser", { spy: true });

it("parses only the last block again while a text grows", () => {
  const parse = vi.mocked(parser.splitBlocks);
  const render = vi.mocked(parser.renderTokens);
  const words = ["Words ", "of ", "a ", "paragraph ", "with ", "`code` ", "and ", "**more**.\n\n"];
  const length = words.join("").length;
  const document = new MarkdownDocument();
  let source = "";
  for (let block = 0; block < 300; block += 1) {
    for (const word of words) document.update((source += word), true);
  }
  const longest = Math.max(...parse.mock.calls.map(([text]) => text.length));
  expect(longest).toBeLessThan(3 * length);
  // Each word parses the open block, each end of a line looks for finished ones; nothing depends on what came before.
  expect(parse.mock.calls.length).toBeLessThanOrEqual(300 * (words.length + 2));
  expect(render.mock.calls.length).toBeLessThanOrEqual(300 * (2 * words.length + 1));
}, 30_000);
