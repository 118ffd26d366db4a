import { beforeEach, describe, expect, it, vi } from "vitest";

import { loadTypesetter } from "./formulas";
import { testLabels } from "./test-labels";
import { MarkdownView } from "./view";

let container: HTMLElement;

beforeEach(async () => {
  container = document.createElement("div");
  document.body.replaceChildren(container);
  await loadTypesetter();
}, 60_000);

function draw(source: string): HTMLElement {
  const view = new MarkdownView(container, testLabels, Infinity);
  view.update(source, false);
  return container;
}

/** Typesetting goes on after a while where it would take too long. */
async function allTypeset(): Promise<void> {
  await vi.waitFor(() => expect(container.querySelector(".math:not(.is-set, .is-wrong)")).toBeNull(), 20_000);
}

/** The sources of the formulas in a text, as the typesetter got them. */
async function formulas(source: string): Promise<(string | null | undefined)[]> {
  draw(source);
  await allTypeset();
  return [...container.querySelectorAll(".math")].map((element) => element.querySelector("annotation")?.textContent ?? element.textContent);
}

describe("prices and names", () => {
  const TEXTS = [
    "costs $5 and $10", "$5-$10", "US$ 3", "see $HOME and $PATH", "between $5/mo and $10/mo", "from $5K to US$ and more",
    "$HOME/bin:$PATH", "echo $FOO-$BAR", "10$ or 20$", "a $ b $ c", "$$", "$$$", "it is \\$5 or \\$6$", "$1,000 and 2$", "$ x$",
    "run `echo $A` or `$B`", "$5 and 10$", "cost: $20/month, or $200/year", "$\n\nx$", "I have $3, you have $4.", "from 3$ to 4$",
  ];
  for (const text of TEXTS) {
    it(`stay text: ${JSON.stringify(text)}`, async () => {
      expect(await formulas(text)).toEqual([]);
    });
  }

  it("keep their characters", () => {
    expect(draw("costs $5 and $10, $HOME").textContent).toBe("costs $5 and $10, $HOME");
  });
});

describe("formulas", () => {
  const CASES: [string, string[]][] = [
    ["$x$ and $y_1$, the $n$th", ["x", "y_1", "n"]],
    ["a $2x + 3$ and $5$ and $10 m$.", ["2x + 3", "5", "10 m"]],
    ["\\(a+b\\) and \\[ c \\] here", ["a+b", " c "]],
    ["text $$d^2$$ text", ["d^2"]],
    ["$$e$$", ["e"]],
    ["$$\nf\n+ g\n$$", ["f\n+ g"]],
    ["\\[\nh \\\\\ni\n\\]\nafter", ["h \\\\\ni"]],
    ["1. one\n   $$\n   j\n   $$\n2. two", ["j"]],
    ["> quote\n> $$ k $$", ["k"]],
    ["| a |\n|---|\n| $l$ |", ["l"]],
    ["```math\nm\n```", ["m"]],
    ["**$o$** *$p$*", ["o", "p"]],
    ["$\\text{costs \\$5}$", ["\\text{costs \\$5}"]],
    ["$a\nb$", ["a\nb"]],
  ];
  for (const [source, expected] of CASES) {
    it(`are found in ${JSON.stringify(source)}`, async () => {
      expect(await formulas(source)).toEqual(expected);
      expect(container.querySelectorAll(".math.is-set")).toHaveLength(expected.length);
    });
  }

  it("stay source until they end", async () => {
    const view = new MarkdownView(container, testLabels, Infinity);
    view.update("$$\nx = 1\n", true);
    expect(container.querySelector(".math-source")?.textContent).toBe("$$\nx = 1");
    view.update("$$\nx = 1\n$$", true);
    await allTypeset();
    expect(container.querySelector(".math.is-set math")).not.toBeNull();
  });

  it("are left alone while the text around them grows", async () => {
    const view = new MarkdownView(container, testLabels, Infinity);
    view.update("See $x$ and", true);
    await allTypeset();
    const formula = container.querySelector(".katex");
    view.update("See $x$ and $y$ too", true);
    await allTypeset();
    expect(container.querySelector(".katex")).toBe(formula);
    expect(container.querySelectorAll(".math.is-set")).toHaveLength(2);
  });

  it("show their source and the reason where they are wrong", async () => {
    draw("$\\frac{1}{$ and $\\unknown$");
    await allTypeset();
    const [first] = container.querySelectorAll<HTMLElement>(".math.is-wrong");
    expect(first?.textContent).toBe("$\\frac{1}{$");
    expect(first?.title).toMatch(/Unexpected end/);
    expect(container.querySelectorAll(".math.is-wrong")).toHaveLength(2);
  });

  it("are MathML for those who listen, and boxes for those who see", async () => {
    draw("$x^2$");
    await allTypeset();
    expect(container.querySelector(".katex-mathml math msup")).not.toBeNull();
    expect(container.querySelector(".katex-html")?.getAttribute("aria-hidden")).toBe("true");
  });

  it("become no lower than their source was", () => {
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockImplementation(function (this: HTMLElement) {
      return this.classList.contains("is-set") ? 30 : 66;
    });
    const view = new MarkdownView(container, testLabels, Infinity);
    let now = 0;
    const slow = vi.spyOn(performance, "now").mockImplementation(() => (now += 1000));
    view.update("$$\na\nb\n$$", false);
    expect(container.querySelector(".is-set")).toBeNull();
    slow.mockRestore();
    view.update("$$\na\nb\n$$", false);
    expect(container.querySelector<HTMLElement>(".math.is-set")?.style.minHeight).toBe("66px");
  });
});

describe("hostile formulas", () => {
  const HOSTILE = [
    "\\href{javascript:alert(1)}{x}", "\\url{javascript:alert(1)}", "\\includegraphics[width=9em]{https://a.example/x.png}",
    "\\htmlStyle{position:fixed;top:0}{x}", "\\htmlClass{code-button}{x}", "\\htmlId{root}{x}", "\\htmlData{code-action=copy}{x}",
    "\\text{<img src=x onerror=alert(1)>}", "\\color{red;position:fixed}{x}", "\\textcolor{url(https://a.example)}{x}",
    "\\def\\a{\\a\\a}\\a", "\\newcommand{\\b}[1]{\\b{#1#1}}\\b{x}", "\\rule{9999em}{9999em}", "\\kern-9999em x", "x^{".repeat(900),
    "\\raisebox{9999em}{x}", "{".repeat(1500), "\\begin{matrix}".repeat(300), "\\sqrt{".repeat(600) + "x" + "}".repeat(600),
    "\\unicode{x3c}script", "\\mathchoice{a}{b}{c}{d}", "\\verb|<script>|", "\\char`<",
  ];
  for (const source of HOSTILE) {
    it(`do nothing: ${source.slice(0, 40)}`, async () => {
      draw(`$${source}$\n\n\\[${source}\\]`);
      await allTypeset();
      expect(container.querySelector("a, img, script, iframe, style, object, form, foreignObject, use, image, maction")).toBeNull();
      for (const element of container.querySelectorAll(".math *")) {
        for (const { name, value } of element.attributes) {
          expect(name).not.toMatch(/^on|href|^src|^id$|^data-/);
          if (name === "style") expect(value).not.toMatch(/url|fixed|absolute|expression/);
          if (name === "class") expect(value).not.toContain("code-");
          if (name === "style") for (const [, size] of value.matchAll(/(?:width|height|top): (-?[\d.]+)em/g)) expect(Number(size)).toBeLessThan(200);
        }
      }
    });
  }
});
