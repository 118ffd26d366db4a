import { readdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { m } from "../paraglide/messages.js";
import { bytes, bytesOf, duration, lasting, memory, milliseconds, tokensPerSecond } from "./format";
import { setLocale } from "./locale.svelte";

beforeEach(() => setLocale("en"));

describe("figures", () => {
  it.each([
    [0, "0 B"],
    [98_304, "98 KB"],
    [1_700_000, "1.7 MB"],
    [999_600, "1.0 MB"],
    [188e9, "188 GB"],
    [12.1e9, "12.1 GB"],
    [2.5e12, "2.5 TB"],
    [null, "—"],
  ])("writes %s bytes as %s", (value, words) => expect(bytes(value)).toBe(words));

  it("writes them in Russian with its comma and units", () => {
    setLocale("ru");
    expect(bytesOf(7.9e9, 12.1e9)).toBe("7,9 ГБ из 12,1 ГБ");
    expect(tokensPerSecond(64.2)).toBe("64,2 ток/с");
  });

  it("writes memory as machines are sold", () => expect(memory(64 * 1024 ** 3)).toBe("64 GB"));

  it.each([
    [12, "12 ms"],
    [410, "0.41 s"],
    [4800, "4.8 s"],
    [192_000, "3 min 12 s"],
  ])("writes a measured time of %s ms as %s", (value, words) => expect(milliseconds(value)).toBe(words));

  it.each([
    [8_000, "8 s"],
    [128_000, "2 min 8 s"],
    [22_320_000, "6 h 12 min"],
    [273_600_000, "3 d 4 h"],
  ])("writes a lasting time of %s ms as %s", (value, words) => expect(duration(value)).toBe(words));

  it("leaves the seconds out where nothing counts along", () => expect(lasting(481_000)).toBe("8 min"));
});

describe("plurals", () => {
  it.each([
    [1, "1 токен"],
    [3, "3 токена"],
    [5, "5 токенов"],
    [21, "21 токен"],
    [112, "112 токенов"],
  ])("counts %s in Russian", (count, words) => {
    setLocale("ru");
    expect(m.units_tokens({ count, value: String(count) })).toBe(words);
  });

  it("counts in English", () => {
    expect(m.units_tokens({ count: 1, value: "1" })).toBe("1 token");
    expect(m.units_tokens({ count: 0, value: "0" })).toBe("0 tokens");
  });
});

describe("the catalogue", () => {
  const folder = `${process.cwd()}/messages/`;
  const read = (language: string, file: string) =>
    JSON.parse(readFileSync(`${folder}${language}/${file}`, "utf8")) as Record<string, unknown>;
  const inputs = (message: unknown): string[] =>
    [...new Set(JSON.stringify(message).match(/\{\w+\}/g) ?? [])].sort();

  it.each(readdirSync(`${folder}en`))("says everything of %s in both languages", (file) => {
    const [en, ru] = [read("en", file), read("ru", file)];
    expect(Object.keys(ru).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en)) expect([key, inputs(ru[key])]).toEqual([key, inputs(en[key])]);
  });

  it("is compiled from every file", () => {
    const project = JSON.parse(readFileSync(`${folder}../project.inlang/settings.json`, "utf8")) as {
      "plugin.inlang.messageFormat": { pathPattern: string[] };
    };
    const named = project["plugin.inlang.messageFormat"].pathPattern.map((path) => path.split("/").pop()).sort();
    expect(named).toEqual(readdirSync(`${folder}en`).sort());
  });
});
