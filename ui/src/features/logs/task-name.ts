import type { TaskInfo, TaskKind } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { tasks } from "../../state/tasks.svelte";

const TITLES: Record<TaskKind, (inputs: { name: string }) => string> = {
  check: m.logs_task_check,
  diagnose: m.logs_task_diagnose,
  plan: m.logs_task_plan,
  hub: m.logs_task_hub,
  deploy: m.logs_task_deploy,
  versions: m.logs_task_versions,
  rollback: m.logs_task_rollback,
  clean: m.logs_task_clean,
  engine_log: m.logs_task_engine_log,
  stop: m.logs_task_stop,
  uninstall: m.logs_task_uninstall,
  connect: m.logs_task_connect,
  chat: m.logs_task_chat,
  conversation: m.logs_task_conversation,
  title: m.logs_task_title,
  compact: m.logs_task_compact,
  export: m.logs_task_export,
  import: m.logs_task_import,
};
const KINDS: Record<TaskKind, () => string> = {
  check: m.logs_kind_check,
  diagnose: m.logs_kind_diagnose,
  plan: m.logs_kind_plan,
  hub: m.logs_kind_hub,
  deploy: m.logs_kind_deploy,
  versions: m.logs_kind_versions,
  rollback: m.logs_kind_rollback,
  clean: m.logs_kind_clean,
  engine_log: m.logs_kind_engine_log,
  stop: m.logs_kind_stop,
  uninstall: m.logs_kind_uninstall,
  connect: m.logs_kind_connect,
  chat: m.logs_kind_chat,
  conversation: m.logs_kind_conversation,
  title: m.logs_kind_title,
  compact: m.logs_kind_compact,
  export: m.logs_kind_export,
  import: m.logs_kind_import,
};

/** The part of an id that tells it from others at a glance. */
export function shortId(id: string): string {
  return id.replaceAll("-", "").slice(-4);
}

/** The host's name, or its id where the host is gone. */
export function serverName(hostId: string): string {
  const view = hosts.get(hostId);
  return view ? hostName(view.host) : hostId;
}

/** `Deploy rented-4090`. */
export function taskTitle({ subject }: TaskInfo): string {
  return TITLES[subject.kind]({ name: subject.host_id === null ? "" : serverName(subject.host_id) }).trim();
}

/** `deploy 4f2a`, or the id alone for a task that is long over. */
export function taskName(requestId: string): string {
  const task = tasks.get(requestId);
  return task ? `${KINDS[task.subject.kind]()} ${shortId(requestId)}` : shortId(requestId);
}
