/** Whether the keyboard has a command key instead of Ctrl. */
export const isMac = /mac/i.test(navigator.platform);

/** `Mod+Shift+N` as this computer's people write it: `⌘⇧N` or `Ctrl+Shift+N`. */
export function keyLabel(keys: string, mac = isMac): string[] {
  return keys.split("+").map((key) => {
    if (key === "Mod") return mac ? "⌘" : "Ctrl";
    if (key === "Shift") return mac ? "⇧" : "Shift";
    if (key === "Enter") return mac ? "↩" : "Enter";
    if (key === "Up") return "↑";
    if (key === "Down") return "↓";
    if (key === "Plus") return "+";
    return key;
  });
}
