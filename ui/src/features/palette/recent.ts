const KEY = "slipway.palette.recent";
const KEPT = 30;

/** The ids of the entries that were used, the last one first. */
export function recentIds(): string[] {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(saved) ? saved.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/** Remembers that an entry was used. */
export function remember(id: string): void {
  const ids = [id, ...recentIds().filter((one) => one !== id)].slice(0, KEPT);
  localStorage.setItem(KEY, JSON.stringify(ids));
}
