import type { HubChoice } from "../../ipc/bindings";
import { weightsVerdict } from "./fit";

/** What most people take: small, and hardly worse than the whole. */
const USUAL = "Q4_K_M";

/**
 * The choice that a look begins with: the usual quantisation if it fits, else the largest that fits, else
 * the smallest. `choices` are sorted by size.
 */
export function suggested(choices: readonly HubChoice[], free: number | null): HubChoice | undefined {
  const fitting = choices.filter(({ bytes }) => ["fits", "unknown"].includes(weightsVerdict(bytes, free)));
  const usual = fitting.find(({ quantisation }) => quantisation === USUAL);
  if (usual) return usual;
  return free === null ? choices[0] : (fitting.at(-1) ?? choices[0]);
}
