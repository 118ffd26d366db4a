import type { HostView } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";
import { hostName } from "../../state/host-name";
import { modelName } from "../../state/model-name";

/** `on studio`; this computer, unless it was given a name, as the language says it. */
export function onHost({ host }: HostView): string {
  const isPlainLocal = host.address.type === "local" && host.name === host.id;
  return isPlainLocal ? m.chat_on_local() : m.chat_on_host({ host: hostName(host) });
}

/** The label of the model that wrote an answer, as the interface calls it. */
export function writerName(model: string, view: HostView | undefined): string {
  const deployment = view?.deployment;
  return deployment?.practice && deployment.model === model ? modelName(deployment) : model;
}
