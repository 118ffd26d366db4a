import type { ErrorCode, ErrorInfo } from "../ipc/bindings";
import { text } from "../i18n/locale.svelte";
import { toErrorInfo } from "../ipc/errors";

/** An error as a screen shows it, in the language of the interface. */
export interface Fault {
  code: ErrorCode;
  message: string;
  fix: string;
  detailId: string;
}

/** Puts the backend's error into the language of the interface. */
export function fault(info: ErrorInfo): Fault {
  return { code: info.code, message: text(info.message), fix: text(info.fix), detailId: info.detail_id };
}

/** What happened and what to do, in one line, for a place beside a field. */
export function describe(thrown: unknown): string {
  const info = toErrorInfo(thrown);
  return [text(info.message), text(info.fix)].filter(Boolean).join(" ");
}
