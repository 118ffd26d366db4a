import { describe, expect, it } from "vitest";
import { keyLabel } from "../shared/platform";
import { latinKey } from "./shortcuts";

describe("latinKey", () => {
  it.each([
    ["n", "KeyN", "n"],
    ["т", "KeyN", "n"],
    ["N", "KeyN", "n"],
    ["1", "Digit1", "1"],
    ["/", "Slash", "/"],
    [".", "Slash", "/"],
    ["ю", "Period", "."],
    ["б", "Comma", ","],
    ["/", "Digit7", "/"],
    ["-", "Slash", "-"],
    ["q", "KeyA", "q"],
    ["Enter", "Enter", "enter"],
  ])("reads %s on %s as %s", (key, code, latin) => expect(latinKey({ key, code })).toBe(latin));
});

describe("keyLabel", () => {
  it("writes keys as the platform's people do", () => {
    expect(keyLabel("Mod+Shift+N", true)).toEqual(["⌘", "⇧", "N"]);
    expect(keyLabel("Mod+Shift+N", false)).toEqual(["Ctrl", "Shift", "N"]);
  });
});
