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
    message.innerHTML = "<p>one <b>two</b></p><p>one more</p>";
    const offsets = [0, 1, 5].map((place) => markAt(message, "one", place)?.startContainer.textContent);
    expect(offsets).toEqual(["one ", "one more", "one more"]);
    expect(markAt(message, "three", 0)).toBeUndefined();
  });
});
