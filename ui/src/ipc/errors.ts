import type { ErrorInfo } from "./bindings";

/** A command that failed, with what the backend said about it. */
export class CallError extends Error {
  readonly info: ErrorInfo;

  constructor(info: ErrorInfo) {
    super(info.message.en);
    this.name = "CallError";
    this.info = info;
  }
}

function isErrorInfo(value: unknown): value is ErrorInfo {
  if (typeof value !== "object" || value === null) return false;
  const candidate = value as Partial<ErrorInfo>;
  return typeof candidate.code === "string" && typeof candidate.message?.en === "string";
}

/**
 * What a person is told about anything thrown. A typed error passes through; anything else (the
 * backend is gone, a command is missing) becomes `internal` with its words in the sentence.
 */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  if (thrown instanceof CallError) return thrown.info;
  if (isErrorInfo(thrown)) return thrown;
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: "internal",
    message: { en: `Slipway could not do that: ${words}`, ru: `Slipway не удалось это сделать: ${words}` },
    fix: { en: "Try again. If it stays, restart Slipway.", ru: "Повторите. Если не поможет, перезапустите Slipway." },
    detail_id: "",
    facts: null,
  };
}
