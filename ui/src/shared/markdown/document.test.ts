import { describe, expect, it } from "vitest";

import { MarkdownDocument, noDefinitions } from "./document";
import { notesHtml, startNumbering } from "./footnotes";
import { renderTokens, splitBlocks } from "./parser";

/** The text in one go, as the parser alone would do it. */
function whole(source: string): string {
  const definitions = noDefinitions();
  const blocks = splitBlocks(source.replace(/\r\n?/g, "\n"), definitions);
  const numbering = startNumbering(definitions.notes.keys());
  const text = blocks.map((block) => renderTokens(block.tokens, definitions.references, numbering)).join("");
  return text + notesHtml(numbering, definitions.notes, (tokens, numbers) => renderTokens(tokens, definitions.references, numbers));
}

function html(blocks: readonly { html: string }[]): string {
  return blocks.map((block) => block.html).join("");
}

const SAMPLES: Record<string, string> = {
  answer: "Change one table first.\n\n### Why\n\nIt starts when `n > t`.\n\n```sql\nALTER TABLE events SET (\n  a = 0.01\n);\n```\n\n| a | b |\n| :-- | --: |\n| 1 | 2 |\n\n1. one\n2. two\n\n   ```sh\n   ls\n   ```\n3. three\n\nThe end.",
  lazy: "text\n#not a heading\n# heading\n- a\n*still a*\nlazy\n\n> quote\nlazy quote\n\nSetext\n===\nx\n---\n",
  table: "before\na | b\n--|--\n1 | 2\nno table\nc | d\n--|-\nafter",
  lists: "- a\n\n- b\n\n  more\n\n      code\n- c\n* other\n1. x\n1) y\n\n\n10) z\n",
  tasks: "- [ ] open\n- [x] done\n- [ ]no\n\n1. [X] numbered",
  references: "See [one] and [Two][2] and ![pic][2].\n\nmore\n\n[one]: https://one.example/a 'T'\n\ntext [one]\n\n[2]: https://two.example\n",
  title: "Use [a].\n\nx\n\n[a]: https://a.example\n'the title'\n\ny\n",
  fences: "~~~\nopen ``` inside\n~~~\n```js\nlet a;\n````\nnot closed by longer? yes\n```\n\n    indented\n\n``` \nunclosed\n",
  crlf: "a\r\n\r\n- b\r\n- c\r\n\r\n```\r\nx\r\n```\r\nd",
  notes: "One[^1] and two[^b], one again[^1].\n\n[^1]: The *first*\n    goes on\n\n    in two paragraphs[^c]\n\ntext[^x] between\n\n[^b]: second\n[^c]: third\n\n- in a list[^x]\n\n  [^x]: nested\n\n[^1]: again\n\n[^]: none\n[^e]:\n\nend",
  math: "Inline $a_1 + b$ and \\(c\\).\n\n$$\nx = 1\n- y\n$$\n\ntext\n$$ z $$\nmore\n\n\\[\n# q\n\\]\n\n- $$\n  a\n  $$\n\n> \\[ b\n> c \\]\n\n$$\nopen\n\n$$ again",
  emoji: "Да 👩‍💻 и 🎉\n\n**жирный** 𝕏",
  html: "<script>alert(1)</script>\n\n<b onclick=x>hi</b> &amp; &lt;\n",
  rules: "a\n\n***\n\n- - -\n\nb\n\n\n\n",
};

describe("a growing document", () => {
  for (const [name, source] of Object.entries(SAMPLES)) {
    it(`gives for every cut of “${name}” what the whole text gives`, () => {
      for (const step of [1, 2, 3, 7, 16]) {
        const document = new MarkdownDocument();
        for (let end = 0; end < source.length; end += step) {
          const cut = source.slice(0, end);
          const drawn = html(document.update(cut, true));
          const isSplitPair = /[\ud800-\udbff]$/.test(cut);
          const isSplitLineEnd = cut.endsWith("\r");
          if (!isSplitPair && !isSplitLineEnd) expect(drawn, JSON.stringify(cut)).toBe(whole(cut));
        }
        expect(html(document.update(source, false))).toBe(whole(source));
      }
    }, 30_000);
  }

  it("gives the same for random mixtures of all constructs", () => {
    const pieces = ["a", "b c", "\n", "\n\n", "# ", "- ", "1. ", "> ", "```", "`", "*", "**", "|", "--|--", "    ", "  ", "[a]", "[a]: https://x.y", "===", "---", "\t", "~~~", "- [x] ", "https://e.x/?q", "\\", "<b>", "&amp;", "$$", "$", "\\[", "\\]", "[^a]", "[^a]: ", "[^b]: n", "[^b]"];
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const document = new MarkdownDocument();
      let source = "";
      for (let index = 0; index < 30; index += 1) {
        source += pieces[random(pieces.length)] ?? "";
        expect(html(document.update(source, true)), JSON.stringify(source)).toBe(whole(source));
      }
    }
  }, 60_000);

  it("keeps finished blocks as the same objects", () => {
    const document = new MarkdownDocument();
    const before = document.update("one\n\ntwo\n\nthree\n", true);
    const after = document.update("one\n\ntwo\n\nthree\ngrows\n\nfour", true);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(html(after)).toBe(whole("one\n\ntwo\n\nthree\ngrows\n\nfour"));
  });

  it("starts anew when the text is another one", () => {
    const document = new MarkdownDocument();
    document.update("one\n\ntwo\n\nthree", true);
    expect(html(document.update("other\n\ntext", false))).toBe(whole("other\n\ntext"));
  });

  it("waits for the other half of a surrogate pair and replaces lone halves", () => {
    const document = new MarkdownDocument();
    expect(html(document.update("x \ud83c", true))).toBe("<p>x</p>\n");
    expect(html(document.update("x \ud83c\udf89", true))).toBe("<p>x 🎉</p>\n");
    expect(html(document.update("x \ud83c", false))).toBe("<p>x \ufffd</p>\n");
    expect(html(new MarkdownDocument().update("a \udc00 b [l](https://x.y/\ud800)", false))).not.toMatch(/\p{Surrogate}/u);
  });
});
