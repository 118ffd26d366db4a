import { beforeEach, describe, expect, it, vi } from "vitest";

import * as mermaid from "./mermaid";
import { testLabels } from "./test-labels";
import { MarkdownView } from "./view";

vi.mock("mermaid", () => ({ default: {} }));

const FENCE = "```mermaid\nflowchart LR\n  A --> B\n```";

let container: HTMLElement;

beforeEach(() => {
  container = document.createElement("div");
  document.body.replaceChildren(container);
});

function picture(url: string, height: number): mermaid.Picture {
  return { url, width: 200, height };
}

describe("a diagram", () => {
  it("is source while it is written, then a picture that is no lower, and stays the same picture", async () => {
    const draw = vi.spyOn(mermaid, "drawDiagram").mockResolvedValue(picture("data:image/svg+xml,a", 50));
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockImplementation(function (this: HTMLElement) {
      return this.classList.contains("is-drawn") ? 90 : 120;
    });
    const view = new MarkdownView(container, testLabels, Infinity);
    view.update(FENCE.slice(0, -4), true);
    expect(container.querySelector(".figure")).toBeNull();
    expect(container.querySelector(".diagram pre")?.textContent).toContain("A --> B");
    expect(draw).not.toHaveBeenCalled();
    view.update(FENCE, true);
    await expect.poll(() => container.querySelector("img")?.getAttribute("src")).toBe("data:image/svg+xml,a");
    const frame = container.querySelector<HTMLElement>(".figure");
    expect(frame?.style.minHeight).toBe("120px");
    expect(container.querySelector("img")?.alt).toBe("Diagram");
    view.update(`${FENCE}\n\nmore`, true);
    expect(container.querySelector(".figure")).toBe(frame);
    expect(draw).toHaveBeenCalledTimes(1);

    new MarkdownView(container, testLabels, Infinity).update(FENCE, false);
    expect(container.querySelector<HTMLElement>(".figure.is-drawn")?.style.minHeight).toBe("120px");
    expect(draw).toHaveBeenCalledTimes(1);
  });

  it("shows its source on demand", async () => {
    vi.spyOn(mermaid, "drawDiagram").mockResolvedValue(picture("data:image/svg+xml,b", 50));
    const view = new MarkdownView(container, testLabels, Infinity);
    view.update("```mermaid\npie\n```", false);
    await expect.poll(() => container.querySelector("img")).not.toBeNull();
    const toggle = container.querySelector(".code-source");
    expect(toggle && view.act(toggle)).toBe(true);
    expect(toggle?.getAttribute("aria-pressed")).toBe("true");
    expect(container.querySelector(".figure.is-source")).not.toBeNull();
  });

  it("follows the colours of the window", async () => {
    const draw = vi.spyOn(mermaid, "drawDiagram").mockImplementation((_source, look) =>
      Promise.resolve(picture(`data:image/svg+xml,${look.dark ? "dark" : "light"}`, 50)),
    );
    const view = new MarkdownView(container, testLabels, Infinity);
    view.update("```mermaid\ngraph TD\n```", false);
    await expect.poll(() => container.querySelector("img")?.getAttribute("src")).toBe("data:image/svg+xml,light");
    document.documentElement.dataset.theme = "dark";
    view.recolour();
    await expect.poll(() => container.querySelector("img")?.getAttribute("src")).toBe("data:image/svg+xml,dark");
    delete document.documentElement.dataset.theme;
    expect(draw).toHaveBeenCalledTimes(2);
  });

  it("that is none keeps its source and says why", async () => {
    vi.spyOn(mermaid, "drawDiagram").mockRejectedValue(new Error("Parse error on line 2:\nA -->"));
    new MarkdownView(container, testLabels, Infinity).update("```mermaid\nnone\n```", false);
    await expect.poll(() => container.querySelector(".figure-fault")?.textContent).toBe("wrong: Parse error on line 2");
    expect(container.querySelector(".figure.is-wrong pre")?.textContent).toBe("none\n");
  });

  it("that is too large is not tried", () => {
    const draw = vi.spyOn(mermaid, "drawDiagram");
    new MarkdownView(container, testLabels, Infinity).update(`\`\`\`mermaid\n${"A-->B\n".repeat(2_000)}\`\`\``, false);
    expect(container.querySelector(".figure-fault")?.textContent).toBe("large: ");
    expect(draw).not.toHaveBeenCalled();
  });

  it("cannot set how it is drawn", () => {
    const settings = '---\ntitle: "Q1: plan"\nconfig:\n  securityLevel: loose\n---\n%%{init: {"securityLevel": "loose",\n "themeCSS": "*{}"}}%%\nflowchart LR\n%% a comment\nA-->B';
    expect(mermaid.withoutSettings(settings)).toBe('---\ntitle: "Q1: plan"\n---\nflowchart LR\n%% a comment\nA-->B');
    expect(mermaid.withoutSettings('A@{ img: "https://a.example/x.png", label: "x" }\nA["$$x$$"]')).toBe('A@{  label: "x" }\nA["$x$"]');
    expect(mermaid.withoutSettings("style A fill:#f9f,stroke:#333\nstyle B fill:#112233;\nclassDef c fill:#fff,color:#f00")).toBe(
      "style A fill:#f9f,stroke:#333,color:#000\nstyle B fill:#112233,color:#fff\nclassDef c fill:#fff,color:#f00",
    );
  });
});
