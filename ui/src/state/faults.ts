import type { ErrorCode, ErrorFacts, ErrorInfo } from "../ipc/bindings";
import { text } from "../i18n/locale.svelte";
import { toErrorInfo } from "../ipc/errors";

/** An error as a screen shows it, in the language of the interface. */
export interface Fault {
  code: ErrorCode;
  message: string;
  fix: string;
  detailId: string;
  facts: ErrorFacts | null;
}

/** Puts the backend's error into the language of the interface. */
export function fault(info: ErrorInfo): Fault {
  const { code, message, fix, detail_id, facts } = info;
  return { code, message: text(message), fix: text(fix), detailId: detail_id, facts };
}

/** What happened and what to do, in one line, for a place beside a field. */
export function describe(thrown: unknown): string {
  const info = toErrorInfo(thrown);
  return [text(info.message), text(info.fix)].filter(Boolean).join(" ");
}
