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
