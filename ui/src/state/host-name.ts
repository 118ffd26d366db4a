import type { Host } from "../ipc/bindings";
import { m } from "../paraglide/messages.js";

/** The host's name; this computer is called so in the language of the interface until it is renamed. */
export function hostName(host: Host): string {
  return host.address.type === "local" && host.name === host.id ? m.servers_this_computer() : host.name;
}
