import { beforeEach, describe, expect, it } from "vitest";

import { isInlineImage } from "./pictures";
import { testLabels as labels } from "./test-labels";
import { MarkdownView } from "./view";

let container: HTMLElement;

beforeEach(() => {
  container = document.createElement("div");
  container.className = "markdown";
  document.body.replaceChildren(container);
});

function draw(source: string): HTMLElement {
  new MarkdownView(container, labels, Infinity).update(source, false);
  return container;
}

describe("hostile text", () => {
  const HOSTILE = [
    "<script>window.hit = 1</script>",
    "<img src=x onerror=window.hit=1>",
    "[x](javascript:window.hit=1)",
    "[x](JaVaScRiPt:window.hit=1)",
    "[x](java\nscript:alert(1))",
    "[x](data:text/html,<script>1</script>)",
    "[x](vbscript:x) [y](file:///etc/passwd) [z](/relative) [w](#here)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<mailto:a@b.c> [m](mailto:a@b.c)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '```js" onmouseover="window.hit=1\nx\n```',
    '```<script>alert(1)</script>\nx\n```',
    '| a |\n|:-:"onclick=x|\n| <b onclick=1>x</b> |',
    '[x](https://a.b/"onclick="x)',
    '[x](https://a.b "t\\" onclick=\\"x")',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<iframe srcdoc='x'></iframe><form><input name=x></form>",
    "<a href='https://a.b' style='position:fixed' id=root class=code-copy data-copy-code>x</a>",
    "[x](http://) ![y](http://) ![z](https://[) [w](https://a:b:c)",
    "[x](data:image/png;base64,AAAA)",
    "![x](data:image/svg+xml,<svg onload=window.hit=1>)",
    "![x](data:text/html;base64,PHN2Zz4=) ![y](data:image/png;base64,AA\"onerror=window.hit=1)",
    "word[^\"onclick=window.hit=1]\n\n[^\"onclick=window.hit=1]: <img src=x onerror=window.hit=1>",
    "<math href='javascript:window.hit=1'>x</math> <math><maction actiontype='statusline#javascript:1'>x</maction></math>",
    "$<img src=x onerror=window.hit=1>$ \\(<script>window.hit=1</script>\\)",
    "<style>@import 'https://a.example'; .markdown{position:fixed}</style><link rel=stylesheet href=https://a.example>",
    "| a |\n|:-:|\n| <td style='position:fixed'>x |",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
  ];

  for (const source of HOSTILE) {
    it(`stays text: ${source.slice(0, 48)}`, () => {
      draw(source);
      expect(container.querySelector("script, img, iframe, svg, style, form, input, object, embed, link, maction")).toBeNull();
      for (const element of container.querySelectorAll("*")) {
        for (const { name, value } of element.attributes) {
          expect(name).not.toMatch(/^on|^style$|^src|^id$|^name$/);
          if (name === "href") expect(value).toMatch(/^https?:\/\//);
        }
      }
      expect((window as { hit?: number }).hit).toBeUndefined();
    });
  }

  it("shows a picture as a link that names its host, and fetches nothing", () => {
    draw("![a cat](https://pics.example/cat.png)");
    const link = container.querySelector("a");
    expect(link?.getAttribute("href")).toBe("https://pics.example/cat.png");
    expect(link?.textContent).toBe("a catpics.example");
    expect(container.querySelector("img")).toBeNull();
  });

  it("shows a picture that is part of the text, if its format cannot run anything and it is not too large", () => {
    draw("![dot](data:image/png;base64,iVBORw0KGgo=) ![v](data:image/svg+xml;base64,PHN2Zz4=)");
    expect(container.querySelectorAll("img")).toHaveLength(1);
    expect(container.querySelector("img")?.alt).toBe("dot");
    draw(`before ![big](data:image/jpeg;base64,${"A".repeat(100_000)}) after[^1]\n\n[^1]: note`);
    expect(container.querySelector("img")?.src).toHaveLength(100_000 + 23);
    expect(container.querySelector("p")?.textContent).toBe("before  after1");
    expect(isInlineImage(`data:image/gif;base64,${"A".repeat(7_000_000)}`)).toBe(false);
  }, 20_000);

  it("survives a line of a megabyte", () => {
    draw(`${"[".repeat(20_000)} ${"a*_`".repeat(250_000)}`);
    expect(container.textContent.length).toBeGreaterThan(1_000_000);
  }, 20_000);

  it("survives deep nesting", () => {
    draw(`${"> ".repeat(5_000)}x\n\n${"- ".repeat(2_000)}y\n\n${"*".repeat(20_000)}z${"[".repeat(5_000)}`);
    expect(container.childElementCount).toBeGreaterThan(0);
  }, 20_000);

  it("shows an unclosed fence as code", () => {
    draw("```js\nlet a = 1;\n\n# not a heading");
    expect(container.querySelector("pre")?.textContent).toContain("# not a heading");
    expect(container.querySelector("h1")).toBeNull();
  });
});

describe("drawing", () => {
  it("gives step by step what it gives at once", () => {
    const source = "Intro **bold** text\n\n- a\n- [x] b\n\n```sql\nSELECT 1;\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n1. x\n   ```\n   in list\n   ```\n2. y\n\n> quote\n\n[r]\n\n[r]: https://r.example\n\nend";
    const steps = document.createElement("div");
    const view = new MarkdownView(steps, labels, Infinity);
    for (let end = 0; end <= source.length; end += 1) view.update(source.slice(0, end), true);
    view.update(source, false);
    expect(steps.innerHTML).toBe(draw(source).innerHTML);
  }, 30_000);

  it("keeps the nodes of finished blocks and appends to the last text node", () => {
    const view = new MarkdownView(container, labels, Infinity);
    view.update("first\n\nsecond gr", true);
    const [first, second] = container.children;
    const text = second?.firstChild;
    view.update("first\n\nsecond grows **on", true);
    expect(container.children[0]).toBe(first);
    expect(container.children[1]).toBe(second);
    expect(container.children[1]?.firstChild).toBe(text);
    expect(container.textContent).toContain("second grows **on");
  });

  it("aligns tables with classes", () => {
    draw("| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |");
    expect([...container.querySelectorAll("td")].map((cell) => cell.className)).toEqual(["align-left", "align-center", "align-right"]);
    expect(container.querySelector("[style]")).toBeNull();
  });

  it("names the language, offers to copy, and colours closed code", async () => {
    const view = new MarkdownView(container, labels, Infinity);
    view.update("```js\nconst a = 1;\n", true);
    expect(container.querySelector(".code-head span")?.textContent).toBe("js");
    expect(container.querySelector(".code-copy")?.getAttribute("aria-label")).toBe("Copy the code");
    expect(container.querySelector("code span")).toBeNull();
    view.update("```js\nconst a = 1;\n```\n", true);
    await expect.poll(() => container.querySelector(".hljs-keyword")?.textContent).toBe("const");
    view.update("```js\nconst a = 1;\n```\n\nmore", true);
    expect(container.querySelector(".hljs-keyword")?.textContent).toBe("const");
  });

  it("starts a numbered list where the text does", () => {
    draw("7. seven\n8. eight");
    expect(container.querySelector("ol")?.start).toBe(7);
  });

  it("leaves unknown languages plain", () => {
    draw("```brainfuck\n+++\n```\n\n```constructor\nx\n```");
    expect(container.querySelector("code span")).toBeNull();
    expect(container.querySelectorAll(".code")).toHaveLength(2);
  });

  it("numbers footnotes by their mention and leads there and back", () => {
    draw("One[^b], two[^a], one[^b].\n\n[^a]: A\n[^b]: B\n[^c]: unused");
    expect([...container.querySelectorAll("sup button")].map((button) => button.textContent)).toEqual(["1", "2", "1"]);
    const items = [...container.querySelectorAll<HTMLElement>(".notes li")];
    expect(items.map((item) => item.textContent.trim().slice(0, 1))).toEqual(["B", "A"]);
    const view = new MarkdownView(container, labels, Infinity);
    view.update("One[^b], two[^a].\n\n[^a]: A\n\n[^b]: B\n", false);
    const mention = container.querySelector<HTMLElement>('button[aria-label="Footnote 2"]');
    expect(mention && view.act(mention)).toBe(true);
    expect(document.activeElement?.textContent).toContain("A");
    const back = container.querySelector('button[aria-label="Back from 2"]');
    expect(back && view.act(back)).toBe(true);
    expect(document.activeElement).toBe(mention);
  });

  it("wraps and numbers all code at once, and numbers are no text", () => {
    const source = "```js\n/* a\nb */\nc();\n```\n\n```\nx\ny\n```";
    const view = new MarkdownView(container, labels, Infinity);
    view.update(source, false);
    const [wrap, numbers] = [...container.querySelectorAll(".code-wrap"), ...container.querySelectorAll(".code-numbers")].filter(
      (button) => button.closest(".code") === container.firstElementChild,
    );
    const press = (button: Element | undefined): void => void (button && view.act(button));
    press(numbers);
    press(wrap);
    expect(container.querySelectorAll(".line-mark")).toHaveLength(5);
    expect(container.querySelectorAll('[aria-pressed="true"]')).toHaveLength(4);
    expect(document.documentElement.hasAttribute("data-code-wrap")).toBe(true);
    expect(container.querySelector("pre")?.textContent).toBe("/* a\nb */\nc();\n");
    view.update(`${source}\n\n\`\`\`\nz\n\`\`\``, false);
    expect(container.querySelectorAll(".line-mark")).toHaveLength(6);
    press(numbers);
    press(wrap);
    expect(container.querySelector(".line-mark")).toBeNull();
    expect(document.documentElement.hasAttribute("data-code-wrap")).toBe(false);
  });

  it("draws a long text in slices", async () => {
    const view = new MarkdownView(container, labels, 0);
    view.update("one\n\ntwo\n\nthree\n\nfour", false);
    expect(container.childElementCount).toBeLessThan(4);
    await expect.poll(() => container.childElementCount).toBe(4);
  });

  it("marks tasks with words", () => {
    draw("- [x] a\n- [ ] b");
    expect([...container.querySelectorAll("[role=img]")].map((mark) => mark.getAttribute("aria-label"))).toEqual(["done", "open"]);
  });
});
