import type { ConnectionStatus, HostId, HostView, ServedModel, SessionId } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";
import { app } from "../../state/app.svelte";
import { chats } from "../../state/chats.svelte";
import { conditionOf, type Condition } from "../../state/condition";
import { connections } from "../../state/connections.svelte";
import { drafts } from "../../state/drafts.svelte";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { modelName } from "../../state/model-name";
import { modelFor } from "../../state/requests";

/** Who answers the next message, and why it cannot be sent now, if it cannot. */
export interface Target {
  host: HostView | null;
  name: string;
  /** The model's label; empty while none is known. */
  model: string;
  practice: boolean;
  /** What the server says about the model; null while it says nothing. */
  served: ServedModel | null;
  /** Tokens that the model's context holds, if the server tells. */
  contextSize: number | null;
  condition: Condition | null;
  /** Null when a message can be sent. */
  obstacle: Obstacle | null;
}

/** What stands between the person and an answer, and the one thing that removes it. */
export interface Obstacle {
  kind: "no_server" | "no_model" | "gone" | "not_connected" | "attention" | "wait";
  /** In a sentence, without a full stop. */
  words: string;
}

/** The host that a conversation talks to next: chosen, else its last, else the best there is. */
function hostOf(sessionId: SessionId | null): HostId | null {
  const chosen = drafts.host(sessionId) ?? (sessionId === null ? app.draftHostId : null);
  if (chosen !== null && hosts.get(chosen)) return chosen;
  const session = sessionId === null ? undefined : chats.sessions.get(sessionId);
  if (session?.host_id) return session.host_id;
  return connections.usable[0]?.host_id ?? hosts.list.find((view) => view.deployment)?.host.id ?? null;
}

/** Who answers next in a conversation. Reads stores, so it follows them where Svelte watches. */
export function targetOf(sessionId: SessionId | null): Target {
  const hostId = hostOf(sessionId);
  const host = hosts.get(hostId) ?? null;
  const name = host ? hostName(host.host) : "";
  const connection = connections.get(hostId);
  const deployment = host?.deployment ?? null;
  const condition = host ? conditionOf(host) : null;
  const chosen = hostId === null ? null : modelFor(sessionId, hostId);
  const served = servedBy(connection, chosen);
  const ownName = deployment ? modelName(deployment) : (connection?.model ?? served?.id ?? "");
  return {
    host,
    name,
    model: chosen !== null && chosen !== deployment?.model ? chosen : ownName,
    practice: deployment?.practice ?? false,
    served,
    contextSize: served?.context_size ?? connection?.context_size ?? deployment?.context_size ?? null,
    condition,
    obstacle: obstacleOf(host, name, condition),
  };
}

/** The model that was chosen, else the one that the server answers with by itself. */
function servedBy(connection: ConnectionStatus | undefined, chosen: string | null): ServedModel | null {
  const models = connection?.models ?? [];
  if (chosen !== null) return models.find(({ id }) => id === chosen) ?? null;
  return models.find(({ id }) => id === connection?.model) ?? (models.length === 1 ? (models[0] ?? null) : null);
}

function obstacleOf(host: HostView | null, name: string, condition: Condition | null): Obstacle | null {
  if (hosts.list.length === 0) return { kind: "no_server", words: m.chat_no_server() };
  if (!host || !condition) {
    const anyModel = hosts.list.some((view) => view.deployment);
    return anyModel ? { kind: "gone", words: m.chat_gone() } : { kind: "no_model", words: m.chat_no_model() };
  }
  switch (condition.kind) {
    case "connected":
    case "degraded":
      return null;
    case "deploying":
      return isUsable(host) ? null : { kind: "wait", words: m.chat_wait_deploying({ host: name }) };
    case "connecting":
    case "authenticating":
      return { kind: "wait", words: m.chat_wait_connecting({ host: name }) };
    case "loading":
      return { kind: "wait", words: m.chat_wait_loading({ host: name }) };
    case "waiting":
      return { kind: "wait", words: m.chat_wait_person({ host: name }) };
    case "attention":
      return { kind: "attention", words: m.chat_attention({ host: name }) };
    case "reconnecting":
      return { kind: "wait", words: m.chat_wait_reconnecting({ host: name }) };
    default:
      return host.deployment
        ? { kind: "not_connected", words: m.chat_not_connected({ host: name }) }
        : { kind: "no_model", words: m.chat_not_deployed({ host: name }) };
  }
}

/** Whether a host answers although it is being worked on. */
function isUsable(host: HostView): boolean {
  const state = connections.get(host.host.id)?.state;
  return state === "connected" || state === "degraded";
}
