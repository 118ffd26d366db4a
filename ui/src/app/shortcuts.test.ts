import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { keyLabel } from "../shared/platform";
import { app } from "../state/app.svelte";
import { offerCommand } from "../state/commands";
import { settings } from "../state/settings.svelte";
import { TestBackend } from "../test-backend";
import { loadSection } from "./sections.svelte";
import { combination, handleShortcut, latinKey, SHORTCUTS } from "./shortcuts";

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
    ["+", "Equal", "="],
    ["+", "NumpadAdd", "="],
    ["_", "Minus", "-"],
    ["0", "Numpad0", "0"],
  ])("reads %s on %s as %s", (key, code, latin) => expect(latinKey({ key, code })).toBe(latin));
});

describe("combination", () => {
  it("counts Shift with letters only: elsewhere layouts need it to write the key", () => {
    expect(combination({ key: "F", code: "KeyF", shiftKey: true })).toBe("Mod+Shift+F");
    expect(combination({ key: "А", code: "KeyF", shiftKey: true })).toBe("Mod+Shift+F");
    expect(combination({ key: "/", code: "Digit7", shiftKey: true })).toBe("Mod+/");
    expect(combination({ key: "+", code: "Equal", shiftKey: true })).toBe("Mod+=");
  });
});

describe("keyLabel", () => {
  it("writes keys as the platform's people do", () => {
    expect(keyLabel("Mod+Shift+N", true)).toEqual(["⌘", "⇧", "N"]);
    expect(keyLabel("Mod+Shift+N", false)).toEqual(["Ctrl", "Shift", "N"]);
  });
});

describe("a shortcut", () => {
  beforeAll(() => loadSection("chats"), 60_000);
  function press(key: string, code: string, shiftKey = false): KeyboardEvent {
    const event = new KeyboardEvent("keydown", { key, code, ctrlKey: true, shiftKey, cancelable: true });
    handleShortcut(event);
    return event;
  }

  beforeEach(() => {
    document.body.replaceChildren();
    new TestBackend().reply("settings_set", (next) => next);
    Object.assign(app, { phase: "ready", section: "servers", sessionId: null, paletteOpen: false, shortcutsOpen: false, findOpen: false });
  });

  it("has keys of its own", () => {
    const keys = SHORTCUTS.map((one) => one.keys);
    expect(new Set(keys).size).toBe(keys.length);
    for (const wanted of ["N", "K", ",", "B", "I", "L", ".", "/"]) expect(keys).toContain(`Mod+${wanted}`);
  });

  it("opens the sections by number, Metrics as the third", () => {
    press("3", "Digit3");
    expect(app.section).toBe("metrics");
    press("5", "Digit5");
    expect(app.section).toBe("settings");
    expect(press("9", "Digit9").defaultPrevented).toBe(false);
  });

  it("finds in the open chat, else searches all", async () => {
    const all = vi.fn();
    offerCommand("search_all", all);
    app.section = "chats";
    press("f", "KeyF");
    await vi.waitFor(() => expect(all).toHaveBeenCalledOnce());
    app.sessionId = "s1";
    press("f", "KeyF");
    expect(app.findOpen).toBe(true);
    press("F", "KeyF", true);
    await vi.waitFor(() => expect(all).toHaveBeenCalledTimes(2));
  });

  it("leaves an open dialog alone, but for the size of everything and its own key", () => {
    document.body.innerHTML = '<div role="dialog"></div>';
    expect(press("n", "KeyN").defaultPrevented).toBe(false);
    press("+", "Equal", true);
    expect(settings.value.zoom_percent).toBe(110);
    press("0", "Digit0");
    expect(settings.value.zoom_percent).toBe(100);
    app.paletteOpen = true;
    press("k", "KeyK");
    expect(app.paletteOpen).toBe(false);
  });
});
