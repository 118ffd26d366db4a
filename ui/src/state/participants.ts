import { NO_SAMPLING } from "../ipc/blank";
import type { Participant } from "../ipc/bindings";
import { proposed } from "./served";

/** One who takes part, with a model of the given place in the list of choices, as far as there are any. */
export function newParticipant(index: number, name: string, system_prompt = ""): Participant {
  const all = proposed();
  const usable = all.filter((one) => one.usable);
  const choice = usable[index % Math.max(1, usable.length)] ?? all[0];
  return { name, host_id: choice?.hostId ?? "", model: choice?.model ?? null, system_prompt, sampling: NO_SAMPLING };
}
