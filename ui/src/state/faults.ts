import type { ErrorCode, ErrorFacts, ErrorInfo, Finding } from "../ipc/bindings";
import { text } from "../i18n/locale.svelte";
import { toErrorInfo } from "../ipc/errors";

/** A line of a preflight report in the language of the interface. */
export interface FindingWords {
  severity: Finding["severity"];
  code: string;
  subject: string;
  message: string;
  /** May be empty. */
  fix: string;
  command: string | null;
  canOverride: boolean;
}

/** Facts of an error, their sentences in the language of the interface. */
export type FaultFacts = Exclude<ErrorFacts, { type: "preflight" }> | { type: "preflight"; data: FindingWords[] };

/** An error as a screen shows it, in the language of the interface. */
export interface Fault {
  code: ErrorCode;
  message: string;
  fix: string;
  detailId: string;
  facts: FaultFacts | null;
}

/** Puts the backend's error into the language of the interface. */
export function fault(info: ErrorInfo): Fault {
  const { code, message, fix, detail_id, facts } = info;
  const told: FaultFacts | null =
    facts?.type === "preflight" ? { type: "preflight", data: facts.data.map(findingWords) } : facts;
  return { code, message: text(message), fix: text(fix), detailId: detail_id, facts: told };
}

/** Puts a line of a report into the language of the interface. */
export function findingWords(finding: Finding): FindingWords {
  const { severity, code, subject, message, fix, command, can_override } = finding;
  return {
    severity,
    code,
    subject: text(subject),
    message: text(message),
    fix: text(fix),
    command,
    canOverride: can_override,
  };
}

/** What happened and what to do, in one line, for a place beside a field. */
export function describe(thrown: unknown): string {
  const info = toErrorInfo(thrown);
  return [text(info.message), text(info.fix)].filter(Boolean).join(" ");
}
