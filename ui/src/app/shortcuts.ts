import { m } from "../paraglide/messages.js";
import { isMac } from "../shared/platform";
import { app, SECTIONS } from "../state/app.svelte";
import { runCommand } from "../state/commands";
import { mode } from "../state/mode.svelte";
import { toggleInspector, toggleList } from "../state/panes.svelte";
import { resetZoom, zoom } from "../state/zoom";
import { findInChat, searchAll } from "./go";

/** Where the sheet of shortcuts lists one. */
export type ShortcutGroup = "everywhere" | "chats" | "view";

/** A key combination with Ctrl (Cmd on macOS) that works everywhere in the window. */
export interface Shortcut {
  /** As a key cap shows it: `Mod+Shift+F`. */
  keys: string;
  group: ShortcutGroup;
  label: () => string;
  /** It works also while a dialog is open. */
  always?: boolean;
  /** False when it has nothing to do now. */
  run: () => boolean;
}

function done(run: () => void): () => boolean {
  return () => {
    run();
    return true;
  };
}

function find(): boolean {
  if (app.section !== "chats") return runCommand("search");
  if (app.sessionId === null) searchAll();
  else findInChat();
  return true;
}

/** The shortcuts that apply everywhere. */
export const SHORTCUTS: readonly Shortcut[] = [
  {
    keys: "Mod+K",
    group: "everywhere",
    label: () => m.comfort_key_palette(),
    run: done(() => (app.paletteOpen = !app.paletteOpen)),
  },
  { keys: "Mod+N", group: "chats", label: () => m.app_key_new_chat(), run: done(() => app.newChat()) },
  { keys: "Mod+L", group: "chats", label: () => m.app_key_picker(), run: () => runCommand("pick_model") },
  {
    keys: "Mod+Shift+L",
    group: "chats",
    label: () => m.comfort_key_compare(),
    run: done(() => mode.begin("compare")),
  },
  { keys: "Mod+.", group: "chats", label: () => m.app_key_stop(), run: () => runCommand("stop") },
  { keys: "Mod+F", group: "chats", label: () => m.comfort_key_find(), run: find },
  { keys: "Mod+Shift+F", group: "chats", label: () => m.comfort_key_search_all(), run: done(searchAll) },
  { keys: "Mod+B", group: "view", label: () => m.app_key_list(), run: done(toggleList) },
  { keys: "Mod+I", group: "view", label: () => m.app_key_inspector(), run: done(toggleInspector) },
  { keys: "Mod+=", group: "view", label: () => m.comfort_key_larger(), always: true, run: done(() => zoom(1)) },
  { keys: "Mod+-", group: "view", label: () => m.comfort_key_smaller(), always: true, run: done(() => zoom(-1)) },
  { keys: "Mod+0", group: "view", label: () => m.comfort_key_normal(), always: true, run: done(resetZoom) },
  { keys: "Mod+,", group: "everywhere", label: () => m.app_key_settings(), run: done(() => app.open("settings")) },
  {
    keys: "Mod+/",
    group: "everywhere",
    label: () => m.app_key_shortcuts(),
    run: done(() => (app.shortcutsOpen = !app.shortcutsOpen)),
  },
];

const PUNCTUATION: Record<string, string> = { Slash: "/", Period: ".", Comma: "," };
/** The keys that make things larger or smaller, wherever they lie. */
const SIZES: Record<string, string> = { "+": "=", _: "-" };
const NUMBERS: Record<string, string> = { NumpadAdd: "=", NumpadSubtract: "-", Numpad0: "0" };

/**
 * The Latin character of a key, whatever the layout writes: with a Russian layout the key of `n` says
 * `т`, and the key of `/` says `.`, so there the place of the key decides.
 */
export function latinKey(event: Pick<KeyboardEvent, "key" | "code">): string {
  const key = event.key.toLowerCase();
  const number = NUMBERS[event.code];
  if (number) return number;
  const ascii = key.length === 1 && key >= " " && key <= "~";
  const place = PUNCTUATION[event.code];
  if (place && (!ascii || key in { "/": 1, ".": 1, ",": 1 })) return place;
  if (ascii) return SIZES[key] ?? key;
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : key;
}

/** The combination of a key event as a shortcut writes it; of other keys than letters Shift may be a part. */
export function combination(event: Pick<KeyboardEvent, "key" | "code" | "shiftKey">): string {
  const key = latinKey(event);
  const letter = /^[a-z]$/.test(key);
  return `Mod+${event.shiftKey && letter ? "Shift+" : ""}${letter ? key.toUpperCase() : key}`;
}

/** What applies in the small window of the global shortcut, which has one conversation and no panes. */
const QUICK = new Set(["Mod+N", "Mod+L", "Mod+.", "Mod+=", "Mod+-", "Mod+0"]);

/** Whether a dialog lets a shortcut through: one that applies there too, or the one that opened it. */
function passes(keys: string, always: boolean): boolean {
  if (document.querySelector('[role="dialog"], [role="alertdialog"]') === null) return true;
  return always || (app.shortcutsOpen && keys === "Mod+/") || (app.paletteOpen && keys === "Mod+K");
}

/** Runs the shortcut of a key event, unless a dialog is open that it does not belong to. */
export function handleShortcut(event: KeyboardEvent): void {
  const mod = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!mod || event.altKey || event.defaultPrevented || app.phase !== "ready") return;
  const keys = combination(event);
  if (app.quick && !QUICK.has(keys)) return;
  const shortcut = SHORTCUTS.find((one) => one.keys === keys);
  if (!passes(keys, shortcut?.always ?? false)) return;

  const digit = event.shiftKey ? undefined : SECTIONS[Number(keys.slice(4)) - 1];
  const handled = shortcut ? shortcut.run() : digit !== undefined && done(() => app.open(digit))();
  if (handled) event.preventDefault();
}
