import { beforeEach, describe, expect, it } from "vitest";
import { find, lately, parse, type Entry } from "./find";
import { recentIds, remember } from "./recent";

function entry(id: string, group: Entry["group"], label: string, part: Partial<Entry> = {}): Entry {
  return { id, group, label, icon: (() => undefined) as never, run: () => undefined, ...part };
}

const ENTRIES = [
  entry("c1", "chats", "Autovacuum never catches up"),
  entry("c2", "chats", "pg_repack or VACUUM FULL"),
  entry("new", "commands", "New chat"),
  entry("connect", "commands", "Connect studio"),
  entry("studio", "servers", "studio", { words: "llm@studio.lan" }),
  entry("theme", "settings", "Colours", { words: "light dark theme" }),
];

function ids(text: string, recent: string[] = []): string[] {
  return find(ENTRIES, text, recent).map(({ entry: { id } }) => id);
}

describe("the palette", () => {
  it("reads the letter that narrows it", () => {
    expect(parse(" > new chat")).toEqual({ words: "new chat", only: ["commands", "settings"] });
    expect(parse("@stu")).toEqual({ words: "stu", only: ["servers"] });
    expect(parse("a > b")).toEqual({ words: "a > b", only: null });
    expect(ids(">")).toEqual(["new", "connect", "theme"]);
    expect(ids("@")).toEqual(["studio"]);
  });

  it("ranks within groups and keeps their order", () => {
    expect(ids("vacuum")).toEqual(["c2", "c1"]);
    expect(ids("studio")).toEqual(["connect", "studio"]);
  });

  it("finds by further words too", () => {
    expect(ids("dark")).toEqual(["theme"]);
    expect(ids("lan")).toEqual(["studio"]);
  });

  it("puts what was used lately first among equals", () => {
    const two = [entry("a", "chats", "Notes on ships"), entry("b", "chats", "Notes on ports")];
    expect(find(two, "notes", ["b"]).map(({ entry: { id } }) => id)).toEqual(["b", "a"]);
    expect(lately(ENTRIES, ["gone", "studio", "c1"], 5).map(({ entry: { id, group } }) => [id, group])).toEqual([
      ["studio", "recent"],
      ["c1", "recent"],
    ]);
  });
});

describe("what was used", () => {
  beforeEach(() => localStorage.clear());

  it("is remembered, the last one first and each once", () => {
    for (const id of ["a", "b", "a"]) remember(id);
    expect(recentIds()).toEqual(["a", "b"]);
  });

  it("survives what is no list", () => {
    localStorage.setItem("slipway.palette.recent", "{");
    expect(recentIds()).toEqual([]);
  });
});
