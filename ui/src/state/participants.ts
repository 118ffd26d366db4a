import { NO_SAMPLING } from "../ipc/blank";
import type { Participant } from "../ipc/bindings";
import { served } from "./served";

/** One who takes part, with a model of the given place in the list of choices, as far as there are any. */
export function newParticipant(index: number, name: string, system_prompt = ""): Participant {
  const all = served().filter(({ usable }) => usable);
  const choice = all[index % Math.max(1, all.length)] ?? served()[0];
  return { name, host_id: choice?.hostId ?? "", model: choice?.model ?? null, system_prompt, sampling: NO_SAMPLING };
}
