import { m } from "../paraglide/messages.js";
import { hosts, shortAddress } from "./hosts.svelte";

/** An alias of `~/.ssh/config` that is no server yet, as a line to pick. */
export interface SuggestedHost {
  /** The alias. */
  value: string;
  /** What it stands for. */
  detail: string;
  /** How it is reached: through which machines, else with which key. */
  hint: string;
  /** Through which machines; empty when it is reached at once. */
  via: string;
  /** The machines in between, to be found by. */
  also: string;
}

/** The aliases that can be added. Reads a store, so it follows it where Svelte watches. */
export function suggestedHosts(): SuggestedHost[] {
  return hosts.suggestions
    .filter(({ alias }) => !hosts.list.some(({ host }) => host.name === alias))
    .map(({ alias, address, identity, jumps }) => {
      // The way says more than the key when there is one.
      const key = identity ? m.servers_key({ file: identity.split(/[/\\]/).pop() ?? identity }) : "";
      const via = jumps.length > 0 ? m.servers_via({ jumps: jumps.map(bareHost).join(", ") }) : "";
      return { value: alias, detail: shortAddress(address), hint: via || key, via, also: jumps.join(" ") };
    });
}

/** A machine in between by its name alone. */
function bareHost(jump: string): string {
  return shortAddress(jump.slice(jump.lastIndexOf("@") + 1));
}
