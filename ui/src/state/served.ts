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
  /** Whether it takes pictures; null where its server does not say. */
  vision: boolean | null;
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
  const all = hosts.list.flatMap((view): Served[] => {
    const { id } = view.host;
    const status = connections.get(id);
    const condition = conditionOf(view);
    const base = { hostId: id, host: hostName(view.host), condition, usable: isUsable(id) };
    const offered = status?.models ?? [];
    const one = view.deployment ? modelName(view.deployment) : (status?.model ?? null);
    if (offered.length > 1)
      return offered.map(({ id: model, vision }) => {
        return { ...base, key: servedKey({ host_id: id, model }), model, label: model, vision };
      });
    if (one === null) return [];
    const vision = offered[0]?.vision ?? null;
    return [{ ...base, key: servedKey({ host_id: id, model: null }), model: null, label: one, vision }];
  });
  return [...all.filter(({ usable }) => usable), ...all.filter(({ usable }) => !usable)];
}

/** The models of all servers in the order in which they are proposed: first one of each server. */
export function proposed(): Served[] {
  const all = served();
  const first = all.filter((one, index) => all.findIndex(({ hostId }) => hostId === one.hostId) === index && one.usable);
  return [...first, ...all.filter((one) => !first.includes(one))];
}

/** What is known of a choice; absent when its server or model is gone. */
export function findServed(choice: Pick<CompareColumn, "host_id" | "model">): Served | undefined {
  const there = served().filter(({ hostId }) => hostId === choice.host_id);
  const key = servedKey(choice);
  // A server with one model is asked without a name, and one with several serves the one it deployed.
  const own = connections.get(choice.host_id)?.model;
  return (
    there.find((one) => one.key === key) ??
    there.find(({ model }) => model === null) ??
    (choice.model === null ? (there.find(({ model }) => model === own) ?? there[0]) : undefined)
  );
}

/** Whether a server answers now. */
export function isUsable(hostId: HostId): boolean {
  const state = connections.get(hostId)?.state;
  return state === "connected" || state === "degraded";
}
