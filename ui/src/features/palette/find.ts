import type { IconNode } from "lucide";
import { match, type Match } from "./score";

/** What a line of the palette belongs to, in the order of the groups. */
export type Group = "recent" | "chats" | "messages" | "commands" | "servers" | "settings";

/** Something that the palette finds and does. */
export interface Entry {
  id: string;
  group: Group;
  label: string;
  icon: IconNode;
  /** Quieter, at its end: a folder, a state. */
  detail?: string;
  /** The keys that do the same, as a key cap shows them. */
  keys?: string;
  /** More words that it is found by. */
  words?: string;
  run: () => void;
}

/** An entry with what was found in its label. */
export interface Found {
  entry: Entry;
  spans: Match["spans"];
}

/** The letters that narrow the palette to one kind. */
const PREFIXES: Record<string, readonly Group[]> = { ">": ["commands", "settings"], "@": ["servers"] };

/** What is typed, without the letter that narrows it. */
export function parse(text: string): { words: string; only: readonly Group[] | null } {
  const only = PREFIXES[text.trimStart().charAt(0)] ?? null;
  return { words: (only ? text.trimStart().slice(1) : text).trim(), only };
}

/** Lines that a group shows at most. */
const MOST = 7;
/** What an entry gains that was used lately. */
const RECENT = 6;
/** What a find in the further words is worth beside one in the label. */
const HIDDEN = 0.4;

/** The entries that answer a text, by group, the best first; with no words those used lately. */
export function find(entries: readonly Entry[], text: string, recent: readonly string[]): Found[] {
  const { words, only } = parse(text);
  const groups = new Map<Group, { found: Found; score: number }[]>();
  for (const entry of entries) {
    if (only && !only.includes(entry.group)) continue;
    const inLabel = match(words, entry.label);
    const more = inLabel ?? (entry.words === undefined ? null : match(words, `${entry.label} ${entry.words}`));
    if (!more) continue;
    const place = recent.indexOf(entry.id);
    const used = place < 0 ? 0 : RECENT / (place + 1);
    const found = { entry, spans: inLabel?.spans ?? [] };
    const scored = { found, score: (inLabel ? more.score : more.score * HIDDEN) + used };
    groups.set(entry.group, [...(groups.get(entry.group) ?? []), scored]);
  }
  return [...groups.values()].flatMap((list) =>
    list
      .sort((a, b) => b.score - a.score)
      .slice(0, only ? undefined : MOST)
      .map(({ found }) => found),
  );
}

/** The entries that were used lately, the last one first. */
export function lately(entries: readonly Entry[], recent: readonly string[], most: number): Found[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  return recent
    .flatMap((id) => byId.get(id) ?? [])
    .slice(0, most)
    .map((entry) => ({ entry: { ...entry, group: "recent" }, spans: [] }));
}
