import type { ConnectionStatus, HostId, HostView, ServedModel } from "../../ipc/bindings";
import { number, tokensPerSecond } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import { conditionOf, type Condition } from "../../state/condition";
import { connections } from "../../state/connections.svelte";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { modelName } from "../../state/model-name";

/** A model of a server that can be chosen. */
export interface PickerRow {
  key: string;
  hostId: HostId;
  /** The name to ask for it by; null for the one that the server answers with by itself. */
  model: string | null;
  label: string;
  dot: Condition["dot"];
  /** Speed, context, whether it is in memory, whether it sees. */
  speed: string;
  context: string;
  loaded: string;
  vision: boolean;
  /** Whether there is a model at all; else choosing it leads to a deploy. */
  deployed: boolean;
  /** The served model it stands for, to mark the current one. */
  id: string | null;
}

/** A server with its models. */
export interface PickerGroup {
  hostId: HostId;
  name: string;
  condition: Condition;
  rows: PickerRow[];
}

function contextSize(size: number | null): string {
  if (!size) return "";
  return size >= 1024 ? m.thread_picker_context({ value: number(Math.round(size / 1024)) }) : number(size);
}

function loadedWords({ loaded }: ServedModel): string {
  if (loaded === null) return "";
  return loaded ? m.thread_picker_loaded() : m.thread_picker_not_loaded();
}

function rowsOf(view: HostView, condition: Condition, status: ConnectionStatus | undefined): PickerRow[] {
  const { deployment, host } = view;
  const common = { hostId: host.id, dot: condition.dot, deployed: true };
  const isUp = status?.state === "connected" || status?.state === "degraded";
  const models = isUp ? status.models : [];
  if (models.length === 0) {
    const label = deployment ? modelName(deployment) : `${m.chat_deploy()}…`;
    const speed = deployment?.tokens_per_second ? tokensPerSecond(deployment.tokens_per_second) : "";
    const context = contextSize(status?.context_size ?? deployment?.context_size ?? null);
    const row = { ...common, key: host.id, model: null, label, speed, context, loaded: "", vision: false, id: null };
    return [{ ...row, deployed: deployment !== null }];
  }
  return models.map((served) => {
    const isOwn = served.id === status?.model || served.id === deployment?.model || models.length === 1;
    return {
      ...common,
      key: `${host.id} ${served.id}`,
      model: models.length === 1 ? null : served.id,
      label: isOwn && deployment ? modelName(deployment) : served.id,
      dot: served.loaded === false ? "off" : condition.dot,
      speed: isOwn && deployment?.tokens_per_second ? tokensPerSecond(deployment.tokens_per_second) : "",
      context: contextSize(served.context_size),
      loaded: loadedWords(served),
      vision: served.vision === true,
      id: served.id,
    };
  });
}

/** All servers with all that they offer; those in memory first. */
export function groupsOf(): PickerGroup[] {
  return hosts.list.map((view) => {
    const condition = conditionOf(view);
    const rows = rowsOf(view, condition, connections.get(view.host.id));
    return { hostId: view.host.id, name: hostName(view.host), condition, rows };
  });
}

/** The groups with the rows whose model or server has all the words. */
export function filterGroups(groups: readonly PickerGroup[], typed: string): PickerGroup[] {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...groups];
  return groups.flatMap((group) => {
    const rows = group.rows.filter((row) => {
      const text = `${row.label} ${row.model ?? ""} ${group.name}`.toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    });
    return rows.length > 0 ? [{ ...group, rows }] : [];
  });
}
