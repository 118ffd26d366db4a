import { describe, expect, it } from "vitest";
import { addressProblem } from "./address-line";

describe("an address", () => {
  it.each([
    "box", "me@box", "me@box:2222", "me@corp@box", "me@2001:db8::1", "me@[2001:db8::1]:22", "me@[fe80::1%eth0]",
    "ssh://me@box:22/", "ssh -p 40022 me@203.0.113.9", "ssh me@box -p2200", " me@box ", "local", "",
  ])("is taken: %j", (line) => {
    expect(addressProblem(line, true)).toBe("");
    expect(addressProblem(line, false)).toBe("");
  });

  it.each([
    ["me@my box", "spaces"],
    ["@box", "login name"],
    ["me@box:99999", "99999"],
    ["me@box:ssh", "ssh"],
    ["-oProxyCommand=x", "cannot"],
    ["me@box;ls", "cannot"],
    ["me@box/path", "cannot"],
  ])("is refused while it is typed: %j", (line, words) => {
    expect(addressProblem(line, false)).toContain(words);
  });

  it.each([
    ["me@", "machine"],
    ["me@box:", "port"],
    ["me@[2001:db8::1", "bracket"],
  ])("is let be while it may still become one: %j", (line, words) => {
    expect(addressProblem(line, false)).toBe("");
    expect(addressProblem(line, true)).toContain(words);
  });
});
