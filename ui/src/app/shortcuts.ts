import { m } from "../paraglide/messages.js";
import { isMac } from "../shared/platform";
import { app, SECTIONS } from "../state/app.svelte";
import { runCommand } from "../state/commands";
import { toggleInspector, toggleList } from "../state/panes.svelte";

/** A key combination with Ctrl (Cmd on macOS) that works everywhere in the window. */
export interface Shortcut {
  /** The character after `Mod+`. */
  key: string;
  label: () => string;
  /** False when it has nothing to do now. */
  run: () => boolean;
}

function always(run: () => void): () => boolean {
  return () => {
    run();
    return true;
  };
}

/** The shortcuts that apply everywhere. */
export const SHORTCUTS: readonly Shortcut[] = [
  { key: "n", label: () => m.app_key_new_chat(), run: always(() => app.newChat()) },
  { key: "l", label: () => m.app_key_picker(), run: () => runCommand("pick_model") },
  { key: ".", label: () => m.app_key_stop(), run: () => runCommand("stop") },
  { key: "f", label: () => m.app_key_search(), run: () => runCommand("search") },
  { key: "b", label: () => m.app_key_list(), run: always(toggleList) },
  { key: "i", label: () => m.app_key_inspector(), run: always(toggleInspector) },
  { key: ",", label: () => m.app_key_settings(), run: always(() => app.open("settings")) },
  { key: "/", label: () => m.app_key_shortcuts(), run: always(() => (app.shortcutsOpen = !app.shortcutsOpen)) },
];

const PUNCTUATION: Record<string, string> = { Slash: "/", Period: ".", Comma: "," };

/**
 * The Latin character of a key, whatever the layout writes: with a Russian layout the key of `n` says
 * `т`, and the key of `/` says `.`, so there the place of the key decides.
 */
export function latinKey(event: Pick<KeyboardEvent, "key" | "code">): string {
  const key = event.key.toLowerCase();
  const ascii = key.length === 1 && key >= " " && key <= "~";
  const place = PUNCTUATION[event.code];
  if (place && (!ascii || key in { "/": 1, ".": 1, ",": 1 })) return place;
  if (ascii) return key;
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : key;
}

/** Runs the shortcut of a key event, unless a dialog is open that it does not belong to. */
export function handleShortcut(event: KeyboardEvent): void {
  const mod = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!mod || event.altKey || event.shiftKey || event.defaultPrevented || app.phase !== "ready") return;
  const key = latinKey(event);
  const dialog = document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
  if (dialog && !(app.shortcutsOpen && key === "/")) return;

  const digit = /^[1-9]$/.test(key) ? SECTIONS[Number(key) - 1] : undefined;
  const handled = digit ? always(() => app.open(digit))() : SHORTCUTS.find((one) => one.key === key)?.run();
  if (handled) event.preventDefault();
}
