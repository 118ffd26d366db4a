import { describe, expect, it } from "vitest";
import { markAt, stretches, wordsOf } from "./mark-words";

describe("marked words", () => {
  it("are read as a search reads them", () => {
    expect(wordsOf(' Plain "stand together" open" ')).toEqual(["plain", "stand together", "open"]);
    expect(wordsOf('""')).toEqual([]);
  });

  it("begin a word of the text", () => {
    expect(stretches("Vacuum, autovacuum and vacuums", ["vacuum"])).toEqual([
      [0, 6],
      [23, 29],
    ]);
    expect(stretches("Порты и портал", ["порт"])).toEqual([
      [0, 4],
      [8, 12],
    ]);
  });

  it("come in the order of the text, and never one inside another", () => {
    expect(stretches("b a ab", ["a", "ab", "b"])).toEqual([
      [0, 1],
      [2, 3],
      [4, 6],
    ]);
  });

  it("are found one by one, the last where there are fewer", () => {
    const message = document.createElement("div");
    message.innerHTML = "<div data-said><p>one <b>two</b></p><p>one more</p></div>";
    const offsets = [0, 1, 5].map((place) => markAt(message, "one", place)?.startContainer.textContent);
    expect(offsets).toEqual(["one ", "one more", "one more"]);
    expect(markAt(message, "three", 0)).toBeUndefined();
  });

  it("go on where their look changes, and end with their paragraph", () => {
    const message = document.createElement("div");
    message.innerHTML =
      "<h2>vacuum</h2><div data-said><p>a <b>vac</b><i>uum</i> of</p><p>vac</p><p>uum</p><ul><li>vac<ul><li>uum</li></ul>vacuum</li></ul></div>";
    const found = (place: number) => markAt(message, "vacuum", place)?.toString();
    expect(found(0)).toBe("vacuum");
    const [first, second] = [markAt(message, "vacuum", 0), markAt(message, "vacuum", 1)];
    expect([first?.startContainer, first?.endContainer].map((node) => node?.textContent)).toEqual(["vac", "uum"]);
    expect(second?.startContainer.parentElement?.localName).toBe("li");
    expect(markAt(message, "vacuum", 2)?.startContainer).toBe(second?.startContainer);
  });

  it("are none of the window's own words, and none of a formula", () => {
    const message = document.createElement("div");
    message.innerHTML =
      '<button>sum</button><div data-said><div class="code"><div class="code-head">sum</div><pre><code>a <i>su</i>m</code></pre></div><p><span class="math">sum</span></p></div>';
    expect(markAt(message, "sum", 5)?.startContainer.parentElement?.localName).toBe("i");
  });

  it("are found without accents, over the end of a line, and beside letters that grow when they become small", () => {
    expect(stretches("Café au\nlait İ café", wordsOf('"Cafe au lait" CAFÉ'))).toEqual([
      [0, 12],
      [15, 19],
    ]);
  });
});
