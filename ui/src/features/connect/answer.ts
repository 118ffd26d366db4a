import type { Prompt, PromptReply } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { prompts } from "../../state/prompts.svelte";
import { toasts } from "../../state/toasts.svelte";

/** Answers a question; what the backend says against it is shown. */
export function answer(prompt: Prompt, reply: PromptReply): void {
  prompts.answer(prompt.prompt_id, reply).catch((thrown: unknown) => toasts.error(thrown));
}

/** The name of the host that a question is about. */
export function askedHost(hostId: string): string {
  const view = hosts.get(hostId);
  return view ? hostName(view.host) : m.connect_unknown_host();
}

/** Who asks: the host, or a machine on the way to it. */
export interface Asker {
  /** The host's name, or the address of the machine in between. */
  name: string;
  /** The sentence that names both, empty when the host itself asks. */
  onTheWay: string;
}

/** Who asks from `address`. The host's own address is the one that it was added with. */
export function askerOf(hostId: string, address: string): Asker {
  const name = askedHost(hostId);
  const known = hosts.get(hostId)?.host.address;
  if (known?.type !== "ssh" || known.data.host === address) return { name, onTheWay: "" };
  return { name: address, onTheWay: m.connect_on_the_way({ name, address }) };
}

/** The file that a server keeps its public key of an algorithm in, as OpenSSH names it. */
export function publicKeyFile(algorithm: string): string {
  const kind = algorithm.startsWith("ecdsa-") ? "ecdsa" : algorithm.includes("rsa") ? "rsa" : "ed25519";
  return `/etc/ssh/ssh_host_${kind}_key.pub`;
}
