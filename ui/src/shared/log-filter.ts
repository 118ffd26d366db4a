/** A line of the log as a screen shows it. */
export interface LogEntry {
  /** Grows from line to line and stays the same for one line. */
  key: number;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
  level: LogEntryLevel;
  /** Which part spoke. */
  part: string;
  text: string;
  serverId: string | null;
  taskId: string | null;
}

export type LogEntryLevel = "debug" | "info" | "warn" | "error";

/** From the least to the most pressing. */
export const LOG_LEVELS: readonly LogEntryLevel[] = ["debug", "info", "warn", "error"];

/** Every level, for a log that shows all of itself. */
export const ALL_LEVELS: ReadonlySet<LogEntryLevel> = new Set(LOG_LEVELS);

/** What is looked for; what is null or empty does not restrict. */
export interface LogCriteria {
  text: string;
  /** Levels that are shown. */
  levels: ReadonlySet<LogEntryLevel>;
  serverId: string | null;
  taskId: string | null;
  /** The one part whose lines are shown; all of them when absent. */
  part?: string;
}

/** How many lines of each level meet all other criteria. */
export type LevelCounts = Record<LogEntryLevel, number>;

/** The lines that meet the criteria. */
export interface LogMatch {
  lines: readonly LogEntry[];
  counts: LevelCounts;
}

/**
 * Finds matching lines. While only new lines come at the end, only those are looked at, so that a busy
 * log of tens of thousands of lines costs no more than a quiet one.
 */
export class LogFilter {
  #source: readonly LogEntry[] = [];
  #criteria: LogCriteria | null = null;
  #match: LogMatch = { lines: [], counts: noCounts() };

  apply(source: readonly LogEntry[], criteria: LogCriteria): LogMatch {
    const isSame = this.#criteria !== null && sameCriteria(this.#criteria, criteria);
    const isLonger =
      source.length >= this.#source.length &&
      source[0] === this.#source[0] &&
      source[this.#source.length - 1] === this.#source.at(-1);
    if (isSame && isLonger && source.length === this.#source.length) return this.#match;

    const continues = isSame && isLonger;
    const lines = continues ? this.#match.lines.slice() : [];
    const counts = continues ? { ...this.#match.counts } : noCounts();
    const needle = criteria.text.trim().toLowerCase();
    for (let index = continues ? this.#source.length : 0; index < source.length; index += 1) {
      const line = source[index];
      if (!line || !meets(line, criteria, needle)) continue;
      counts[line.level] += 1;
      if (criteria.levels.has(line.level)) lines.push(line);
    }
    this.#source = source;
    this.#criteria = { ...criteria, levels: new Set(criteria.levels) };
    this.#match = { lines, counts };
    return this.#match;
  }
}

function meets(line: LogEntry, { serverId, taskId, part }: LogCriteria, needle: string): boolean {
  if (serverId !== null && line.serverId !== serverId) return false;
  if (taskId !== null && line.taskId !== taskId) return false;
  if (part !== undefined && line.part !== part) return false;
  return needle === "" || line.text.toLowerCase().includes(needle) || line.part.toLowerCase().includes(needle);
}

function sameCriteria(a: LogCriteria, b: LogCriteria): boolean {
  if (a.text !== b.text || a.serverId !== b.serverId || a.taskId !== b.taskId || a.part !== b.part) return false;
  return LOG_LEVELS.every((level) => a.levels.has(level) === b.levels.has(level));
}

function noCounts(): LevelCounts {
  return { debug: 0, info: 0, warn: 0, error: 0 };
}

/** A piece of a text, and whether it is what was looked for. */
export interface TextPiece {
  text: string;
  found: boolean;
}

/** Splits a text at what is looked for, letter case aside. */
export function findPieces(text: string, needle: string): TextPiece[] {
  const wanted = needle.trim().toLowerCase();
  const lower = text.toLowerCase();
  // Some letters change their length in lower case; then the places would not fit the text.
  if (wanted === "" || lower.length !== text.length) return [{ text, found: false }];
  const pieces: TextPiece[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    if (at > from) pieces.push({ text: text.slice(from, at), found: false });
    pieces.push({ text: text.slice(at, at + wanted.length), found: true });
    from = at + wanted.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), found: false });
  return pieces;
}
