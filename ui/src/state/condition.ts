import type { DeployStep, ErrorInfo, HostId, HostView, TaskInfo, TaskKind } from "../ipc/bindings";
import { milliseconds } from "../i18n/format";
import { m } from "../paraglide/messages.js";
import { connections } from "./connections.svelte";
import { isOver, tasks } from "./tasks.svelte";

/** The deploy's steps in their order. */
export const STEPS: readonly DeployStep[] = ["connect", "check", "directory", "upload", "run", "verify", "finish"];

/** What a host does now, in the one word that every screen shows. */
export type ConditionKind =
  | "deploying"
  | "removing"
  | "rolling_back"
  | "stopping"
  | "checking"
  | "connecting"
  | "authenticating"
  | "waiting"
  | "loading"
  | "connected"
  | "degraded"
  | "reconnecting"
  | "attention"
  | "failed"
  | "ready"
  | "empty";

/** The state of a host as lists, cards and the status bar show it. */
export interface Condition {
  kind: ConditionKind;
  /** The shape beside it. */
  dot: "ok" | "warn" | "error" | "busy" | "wait" | "off";
  /** The state in a word. */
  word: string;
  /** A figure for it: round trip, step, attempt. May be empty. */
  detail: string;
  /** Why it is not simply well. */
  reason: ErrorInfo | null;
  /** What failed. */
  failed: "deploy" | "connect" | "rollback" | "stop" | "uninstall" | null;
  /** When it began, ms since the epoch. */
  since: number | null;
}

/** The position of the step that a deploy is at, from 1. */
export function stepNumber(task: TaskInfo): number {
  const last = task.steps.at(-1);
  return last ? STEPS.indexOf(last.step) + 1 : 1;
}

function unfinished(hostId: HostId, kind: TaskKind): TaskInfo | undefined {
  const task = tasks.latest(hostId, kind);
  return task && !isOver(task) ? task : undefined;
}

function working(view: HostView): Condition | null {
  const { id } = view.host;
  const deploy = unfinished(id, "deploy");
  if (deploy) {
    const detail =
      deploy.state === "queued"
        ? m.servers_queued()
        : m.servers_step({ step: stepNumber(deploy), total: STEPS.length });
    return { ...BASE, kind: "deploying", dot: "busy", word: m.servers_deploying(), detail, since: deploy.queued_at };
  }
  const uninstall = unfinished(id, "uninstall");
  if (uninstall) return { ...BASE, kind: "removing", dot: "busy", word: m.servers_removing(), since: uninstall.queued_at };
  const rollback = unfinished(id, "rollback");
  if (rollback)
    return { ...BASE, kind: "rolling_back", dot: "busy", word: m.servers_rolling_back(), since: rollback.queued_at };
  const stop = unfinished(id, "stop");
  if (stop) return { ...BASE, kind: "stopping", dot: "busy", word: m.servers_stopping(), since: stop.queued_at };
  return null;
}

function connected(view: HostView): Condition | null {
  const status = connections.get(view.host.id);
  if (!status) return null;
  const { reason, since } = status;
  const roundTrip = status.round_trip_ms === null ? "" : milliseconds(status.round_trip_ms);
  switch (status.state) {
    case "connecting":
      return { ...BASE, kind: "connecting", dot: "busy", word: m.servers_connecting(), reason, since };
    case "authenticating":
      return { ...BASE, kind: "authenticating", dot: "busy", word: m.servers_authenticating(), reason, since };
    case "waiting_for_user":
      return { ...BASE, kind: "waiting", dot: "wait", word: m.servers_waiting(), reason, since };
    case "loading":
      return { ...BASE, kind: "loading", dot: "busy", word: m.servers_loading(), reason, since };
    case "connected":
      return { ...BASE, kind: "connected", dot: "ok", word: m.servers_connected(), detail: roundTrip, reason, since };
    case "degraded":
      return { ...BASE, kind: "degraded", dot: "warn", word: m.servers_degraded(), detail: roundTrip, reason, since };
    case "reconnecting": {
      const detail = status.attempt === null ? "" : m.servers_attempt({ attempt: status.attempt });
      return { ...BASE, kind: "reconnecting", dot: "busy", word: m.servers_reconnecting(), detail, reason, since };
    }
    case "needs_attention":
      return { ...BASE, kind: "attention", dot: "error", word: m.servers_attention(), reason, failed: "connect", since };
    case "disconnected":
      return null;
  }
}

const BASE = { detail: "", reason: null, failed: null, since: null } as const;

type Failure = Pick<Condition, "failed" | "reason">;

/** What ended in an error after everything else that happened on this host. */
function failure(view: HostView): Failure | null {
  const { id } = view.host;
  const status = connections.get(id);
  if (status?.reason) return { failed: "connect", reason: status.reason };
  const ended = (["deploy", "connect", "rollback", "stop", "uninstall"] as const)
    .map((kind) => ({ kind, task: tasks.latest(id, kind) }))
    .sort((a, b) => (b.task?.ended_at ?? 0) - (a.task?.ended_at ?? 0))[0];
  const outcome = ended?.task?.outcome;
  if (ended && outcome?.type === "error" && outcome.data.code !== "cancelled")
    return { failed: ended.kind, reason: outcome.data };
  return view.last_error ? { failed: "deploy", reason: view.last_error } : null;
}

/** What a host does now. Reads stores, so it follows them where Svelte watches. */
export function conditionOf(view: HostView): Condition {
  const now = working(view) ?? connected(view);
  if (now) return now;
  const check = unfinished(view.host.id, "plan") ?? unfinished(view.host.id, "check");
  if (check)
    return { ...BASE, kind: "checking", dot: "busy", word: m.servers_checking(), since: check.queued_at };
  const failed = failure(view);
  if (failed) return { ...BASE, kind: "failed", dot: "error", word: m.servers_failed(), ...failed };
  if (view.deployment) return { ...BASE, kind: "ready", dot: "off", word: m.servers_ready() };
  return { ...BASE, kind: "empty", dot: "off", word: m.servers_empty() };
}
