import type { Deployment } from "../ipc/bindings";
import { m } from "../paraglide/messages.js";

/** What a deployment's model is called; the practice model has a name in each language. */
export function modelName(deployment: Pick<Deployment, "model" | "practice">): string {
  return deployment.practice ? m.servers_source_practice() : deployment.model;
}
