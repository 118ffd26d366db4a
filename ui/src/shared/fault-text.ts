import { m } from "../paraglide/messages.js";

/** A line of a report about a machine, in the language of the interface. */
export interface FindingFacts {
  severity: "ok" | "warn" | "error";
  /** The stable name. */
  code: string;
  /** What it is about. */
  subject: string;
  message: string;
  /** What to do; may be empty. */
  fix: string;
  /** The command that does it, if there is one. */
  command: string | null;
  /** Whether one may go on in spite of it. */
  canOverride: boolean;
}

/** Facts that a table shows better than a sentence. */
export type FaultFacts =
  | {
      type: "host_key_changed";
      data: { expected: string; actual: string; file: string; line: number; command: string };
    }
  | { type: "login"; data: { what: string; why: string }[] }
  | { type: "preflight"; data: FindingFacts[] }
  | { type: "hop"; data: "this_app" | "tunnel" | "server" | "engine" };

/** An error in the language of the interface. */
export interface FaultWords {
  /** What happened. */
  message: string;
  /** What to do; may be empty. */
  fix: string;
  /** The stable code, for the report. */
  code: string;
  /** Finds the detail in the log; may be empty. */
  detailId: string;
  facts: FaultFacts | null;
}

/** The rows of a changed host key: what was on record, what was shown, where the record is. */
export function changedKeyRows(facts: Extract<FaultFacts, { type: "host_key_changed" }>): { key: string; value: string }[] {
  const { expected, actual, file, line } = facts.data;
  return [
    { key: m.fault_key_expected(), value: expected },
    { key: m.fault_key_actual(), value: actual },
    { key: m.fault_key_recorded(), value: m.fault_key_place({ file, line }) },
  ];
}

/** An error as plain text, to be sent to whoever can help. */
export function faultText({ message, fix, code, detailId, facts }: FaultWords): string {
  return [message, ...factLines(facts), fix, `${code} ${detailId}`.trim()].filter(Boolean).join("\n");
}

function factLines(facts: FaultFacts | null): string[] {
  switch (facts?.type) {
    case "host_key_changed":
      return [...changedKeyRows(facts).map(({ key, value }) => `${key}: ${value}`), facts.data.command];
    case "login":
      return facts.data.map(({ what, why }) => `- ${what}: ${why}`);
    case "preflight":
      return facts.data.map(findingText);
    default:
      return [];
  }
}

/** A line of a report as plain text, with what to do under it. */
export function findingText({ severity, code, subject, message, fix, command }: FindingFacts): string {
  return [`[${severity}] ${code}: ${subject}: ${message}`, ...[fix, command].filter(Boolean).map((words) => `    ${words}`)].join("\n");
}
