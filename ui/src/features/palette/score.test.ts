import { describe, expect, it } from "vitest";
import { match, pieces } from "./score";

/** The texts that answer a query, the best first. */
function ranked(query: string, texts: string[]): string[] {
  return texts
    .flatMap((text) => {
      const found = match(query, text);
      return found ? [{ text, score: found.score }] : [];
    })
    .sort((a, b) => b.score - a.score)
    .map(({ text }) => text);
}

describe("the scorer", () => {
  it("prefers the beginning of the text, then of a word, then its middle", () => {
    expect(ranked("chat", ["Rename the snapchat list", "New chat", "Chat settings"])).toEqual([
      "Chat settings",
      "New chat",
      "Rename the snapchat list",
    ]);
  });

  it("prefers whole words", () => {
    expect(ranked("log", ["Login to studio", "Log of studio"])).toEqual(["Log of studio", "Login to studio"]);
  });

  it("finds every word, in any order and case", () => {
    expect(match("DEBIAN deploy", "Deploy on Debian")).not.toBeNull();
    expect(match("deploy arch", "Deploy on Debian")).toBeNull();
    expect(match("порты ТОН", "Тоннели и порты")).not.toBeNull();
  });

  it("finds initials and a typed-over gap, not letters scattered over a sentence", () => {
    expect(match("nc", "New chat")?.spans).toEqual([
      [0, 1],
      [4, 5],
    ]);
    expect(match("opset", "Open settings")).not.toBeNull();
    expect(match("vac", "Move the archive out of sight")).toBeNull();
  });

  it("marks what it found", () => {
    const found = match("vac", "Autovacuum and VACUUM");
    expect(found?.spans).toEqual([[15, 18]]);
    expect(pieces("Autovacuum and VACUUM", found?.spans ?? [])).toEqual([
      { text: "Autovacuum and ", hit: false },
      { text: "VAC", hit: true },
      { text: "UUM", hit: false },
    ]);
  });

  it("keeps its places in texts whose lower case is longer", () => {
    expect(match("stanbul", "İstanbul")?.spans).toEqual([[1, 8]]);
  });

  it("takes everything for no words", () => {
    expect(match("  ", "anything")).toEqual({ score: -0.08, spans: [] });
  });
});
