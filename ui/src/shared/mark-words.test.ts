import { describe, expect, it } from "vitest";
import { stretches, wordsOf } from "./mark-words";

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
});
