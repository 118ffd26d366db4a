import type { ErrorCode, ErrorInfo } from "../ipc/bindings";
import { text } from "../i18n/locale.svelte";

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
