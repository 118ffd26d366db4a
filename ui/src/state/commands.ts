/** What a shortcut asks of the section that is open, without knowing it. */
export type CommandName = "stop" | "pick_model" | "search" | "search_all" | "find";

const offered = new Map<CommandName, () => void>();

/** Offers to carry out a command while a component lives; returns how to withdraw. */
export function offerCommand(name: CommandName, run: () => void): () => void {
  offered.set(name, run);
  return () => {
    if (offered.get(name) === run) offered.delete(name);
  };
}

/** Runs a command; false when nothing offers it now. */
export function runCommand(name: CommandName): boolean {
  const run = offered.get(name);
  run?.();
  return run !== undefined;
}
