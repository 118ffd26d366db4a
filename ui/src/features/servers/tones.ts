import type { Condition } from "../../state/condition";

/** The text role that a condition's word is written in. */
export const TONES: Record<Condition["dot"], string> = {
  ok: "ok",
  warn: "warn",
  error: "err",
  busy: "accent",
  wait: "accent",
  off: "dim",
};
