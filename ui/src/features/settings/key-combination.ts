/** What was pressed: a combination, one that is refused and why, or only modifiers so far. */
export type Pressed = { keys: string } | { refused: "modifier" | "unusable" } | null;

type KeyPress = Pick<KeyboardEvent, "code" | "key" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">;

/** Keys by their place on the keyboard, as the system's list of shortcuts names them. */
const NAMED: Record<string, string> = {
  Space: "Space",
  Enter: "Enter",
  Tab: "Tab",
  Insert: "Insert",
  Home: "Home",
  End: "End",
  PageUp: "PageUp",
  PageDown: "PageDown",
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
  Comma: ",",
  Period: ".",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  Backquote: "`",
  Backslash: "\\",
  BracketLeft: "[",
  BracketRight: "]",
  Minus: "-",
  Equal: "=",
};

const MODIFIERS = new Set(["Control", "Alt", "AltGraph", "Shift", "Meta", "OS"]);

function nameOf(code: string): string | null {
  const plain = /^(?:Key([A-Z])|Digit(\d)|(F(?:[1-9]|1\d|2[0-4])))$/.exec(code);
  return plain?.[1] ?? plain?.[2] ?? plain?.[3] ?? NAMED[code] ?? null;
}

/** Reads a combination such as `Ctrl+Shift+K`, whatever the layout writes; Shift alone is no modifier. */
export function combination(event: KeyPress): Pressed {
  if (MODIFIERS.has(event.key)) return null;
  const name = nameOf(event.code);
  if (name === null) return { refused: "unusable" };
  if (!event.ctrlKey && !event.altKey && !event.metaKey) return { refused: "modifier" };
  const modifiers = [
    event.ctrlKey ? "Ctrl" : "",
    event.altKey ? "Alt" : "",
    event.shiftKey ? "Shift" : "",
    event.metaKey ? "Super" : "",
  ].filter(Boolean);
  return { keys: [...modifiers, name].join("+") };
}

/** A combination as this computer's people write it. */
export function shownKeys(keys: string, mac: boolean): string {
  return keys
    .split("+")
    .map((key) => (key === "Super" ? (mac ? "⌘" : "Super") : key === "Alt" && mac ? "⌥" : key === "Ctrl" && mac ? "⌃" : key))
    .join("+");
}
