import { backend } from "./backend";
import type { Commands } from "./bindings";
import { CallError, toErrorInfo } from "./errors";

/** The request of the commands that take none. */
export const NOTHING: Commands["snapshot"]["request"] = {};

/** Runs a command of the backend. Rejects with a {@link CallError}, never with anything else. */
export async function call<K extends keyof Commands>(
  name: K,
  request: Commands[K]["request"],
): Promise<Commands[K]["response"]> {
  try {
    return (await (await backend()).invoke(name, request)) as Commands[K]["response"];
  } catch (thrown) {
    throw new CallError(toErrorInfo(thrown));
  }
}
