import type { CompareColumn, HostId } from "../ipc/bindings";
import { conditionOf, type Condition } from "./condition";
import { connections } from "./connections.svelte";
import { hostName } from "./host-name";
import { hosts } from "./hosts.svelte";
import { modelName } from "./model-name";

/** A model that one of the servers offers. */
export interface Served {
  /** Names it in a list of choices. */
  key: string;
  hostId: HostId;
  /** The name to ask for it by; null is the one that the server serves. */
  model: string | null;
  label: string;
  host: string;
  condition: Condition | null;
  /** Whether its server answers now. */
  usable: boolean;
}

/** The name of a choice among {@link served}. */
export function servedKey({ host_id, model }: Pick<CompareColumn, "host_id" | "model">): string {
  return `${host_id}\n${model ?? ""}`;
}

/** The models of all servers, those that answer now first. Reads stores, so it follows them. */
export function served(): Served[] {
  const all = hosts.list.flatMap((view) => {
    const { id } = view.host;
    const status = connections.get(id);
    const condition = conditionOf(view);
    const base = { hostId: id, host: hostName(view.host), condition, usable: isUsable(id) };
    const offered = status?.models ?? [];
    const one = view.deployment ? modelName(view.deployment) : (status?.model ?? null);
    const names = offered.length > 1 ? offered.map((model) => ({ model: model.id, label: model.id })) : [];
    if (names.length === 0 && one !== null) names.push({ model: "", label: one });
    return names.map(({ model, label }) => {
      const asked = model === "" ? null : model;
      return { ...base, key: servedKey({ host_id: id, model: asked }), model: asked, label };
    });
  });
  return [...all.filter(({ usable }) => usable), ...all.filter(({ usable }) => !usable)];
}

/** What is known of a choice; absent when its server or model is gone. */
export function findServed(choice: Pick<CompareColumn, "host_id" | "model">): Served | undefined {
  const all = served();
  const key = servedKey(choice);
  return all.find((one) => one.key === key) ?? all.find((one) => one.hostId === choice.host_id && one.model === null);
}

/** Whether a server answers now. */
export function isUsable(hostId: HostId): boolean {
  const state = connections.get(hostId)?.state;
  return state === "connected" || state === "degraded";
}
