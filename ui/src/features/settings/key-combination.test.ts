import { describe, expect, it } from "vitest";
import { combination, shownKeys } from "./key-combination";

const NONE = { ctrlKey: false, altKey: false, shiftKey: false, metaKey: false };

describe("a combination of keys", () => {
  it("is named by the place of its key, whatever the layout writes", () => {
    expect(combination({ ...NONE, code: "Space", key: " ", altKey: true })).toEqual({ keys: "Alt+Space" });
    expect(combination({ ...NONE, code: "KeyK", key: "Л", ctrlKey: true, shiftKey: true })).toEqual({ keys: "Ctrl+Shift+K" });
    expect(combination({ ...NONE, code: "Digit1", key: "1", metaKey: true })).toEqual({ keys: "Super+1" });
    expect(combination({ ...NONE, code: "F12", key: "F12", altKey: true })).toEqual({ keys: "Alt+F12" });
  });

  it("needs a modifier that is not needed for writing", () => {
    expect(combination({ ...NONE, code: "KeyK", key: "k" })).toEqual({ refused: "modifier" });
    expect(combination({ ...NONE, code: "KeyK", key: "K", shiftKey: true })).toEqual({ refused: "modifier" });
    expect(combination({ ...NONE, code: "F5", key: "F5" })).toEqual({ refused: "modifier" });
  });

  it("waits while only modifiers are held, and refuses keys without a name", () => {
    expect(combination({ ...NONE, code: "AltLeft", key: "Alt", altKey: true })).toBeNull();
    expect(combination({ ...NONE, code: "MediaPlayPause", key: "MediaPlayPause", altKey: true })).toEqual({ refused: "unusable" });
  });

  it("is shown with the signs of the computer", () => {
    expect(shownKeys("Ctrl+Alt+Super+K", true)).toBe("⌃+⌥+⌘+K");
    expect(shownKeys("Super+K", false)).toBe("Super+K");
  });
});
