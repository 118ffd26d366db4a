import type { Participant } from "../../../ipc/bindings";

/** The letters of the participants, and how they look on a Russian keyboard. */
const LETTERS = ["aа", "bв", "cс", "dд"];
/** What ends the name of whom a line is for. */
const BOUNDARY = /^(?:[\s:,]+|$)/;

/** A line of the person: who alone hears it (null: all), and what is said. */
export interface Addressed {
  audience: number | null;
  line: string;
}

/**
 * Reads for whom a line is: "@A …", or "@Advocate: …" with the name of a participant. An "@" with anything else
 * belongs to the line.
 */
export function addressed(text: string, participants: readonly Participant[]): Addressed {
  const begin = text.trimStart();
  if (begin.startsWith("@")) {
    const rest = begin.slice(1);
    // The longest name first: one may begin with another.
    const names = participants
      .flatMap(({ name }, index) => [{ name, index }, ...[...(LETTERS[index] ?? "")].map((letter) => ({ name: letter, index }))])
      .toSorted((a, b) => b.name.length - a.name.length);
    for (const { name, index } of names) {
      if (rest.slice(0, name.length).toLowerCase() !== name.toLowerCase()) continue;
      const after = rest.slice(name.length);
      const boundary = BOUNDARY.exec(after);
      if (boundary) return { audience: index, line: after.slice(boundary[0].length) };
    }
  }
  return { audience: null, line: text };
}

/** The same line, for somebody else. */
export function addressTo(audience: number | null, text: string, participants: readonly Participant[]): string {
  const { line } = addressed(text, participants);
  return audience === null ? line : `@${"ABCD"[audience] ?? ""} ${line}`;
}
