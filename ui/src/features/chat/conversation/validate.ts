import type { ConversationSetup } from "../../../ipc/bindings";
import { m } from "../../../paraglide/messages.js";
import { findServed } from "../../../state/served";

/** The most characters of a participant's name. */
export const NAME_LIMIT = 40;

/** What is wrong with a participant's name; empty when nothing is. */
export function nameFault(setup: ConversationSetup, index: number): string {
  const name = setup.participants[index]?.name.trim() ?? "";
  if (name === "") return m.multi_fault_name();
  if ([...name].length > NAME_LIMIT) return m.multi_fault_name_long();
  const isTaken = setup.participants.some((one, at) => at !== index && one.name.trim().toLowerCase() === name.toLowerCase());
  return isTaken ? m.multi_fault_name_twice() : "";
}

/** What keeps a participant from speaking with its model; empty when nothing does. */
export function modelFault(setup: ConversationSetup, index: number): string {
  const participant = setup.participants[index];
  const known = participant && findServed(participant);
  if (!known) return m.multi_fault_model();
  return known.usable ? "" : m.multi_fault_off({ host: known.host });
}

/** The first thing that keeps a conversation from beginning; empty when it can. */
export function setupFault(setup: ConversationSetup): string {
  for (const index of setup.participants.keys()) {
    const words = nameFault(setup, index) || modelFault(setup, index);
    if (words !== "") return words;
  }
  return setup.opening.trim() === "" ? m.multi_fault_opening() : "";
}
