import type {
  DeployRequest,
  EngineLogRequest,
  HostId,
  HubQuery,
  RequestId,
  StepProgress,
  TaskBody,
  TaskInfo,
  TaskKind,
  TaskMessage,
  TaskSubject,
} from "../ipc/bindings";
import { SvelteMap } from "svelte/reactivity";
import { call } from "../ipc/call";
import { onMessage, onSnapshot } from "../ipc/events";

/** How fast the bytes of a step come, measured over the last seconds. */
export interface Pace {
  /** Bytes per second. */
  rate: number;
  /** Milliseconds until the last byte at that rate, if the whole is known. */
  left: number | null;
}

interface Sample {
  at: number;
  bytes: number;
}

const PACE_WINDOW_MS = 4000;
const PACE_MIN_MS = 500;

/** Ended tasks that are kept for the screens that show the last one. */
const KEPT = 200;

/** Tasks that go on until somebody ends them. */
const LASTING: ReadonlySet<TaskKind> = new Set(["connect", "engine_log"]);

const NO_SUBJECT: TaskSubject = { kind: "check", host_id: null, session_id: null, message_id: null };

/** What the program works on, kept up to date from the stream of messages. */
class TaskState {
  byId = new SvelteMap<RequestId, TaskInfo>();
  paces = new SvelteMap<RequestId, Pace>();
  #samples = new Map<RequestId, { step: string; label: string; list: Sample[] }>();

  constructor() {
    onSnapshot((snapshot) => {
      this.byId.clear();
      this.paces.clear();
      this.#samples.clear();
      for (const task of snapshot.tasks) this.byId.set(task.request_id, task);
    });
    onMessage((message) => this.#take(message));
  }

  get(requestId: RequestId | null): TaskInfo | undefined {
    return requestId === null ? undefined : this.byId.get(requestId);
  }

  /** The newest task of a kind on a host. */
  latest(hostId: HostId, kind: TaskKind): TaskInfo | undefined {
    let found: TaskInfo | undefined;
    for (const task of this.byId.values()) {
      if (task.subject.host_id !== hostId || task.subject.kind !== kind) continue;
      if (!found || task.queued_at >= found.queued_at) found = task;
    }
    return found;
  }

  /** Tasks that are not over. Those that last until somebody ends them are not counted here. */
  get working(): TaskInfo[] {
    return [...this.byId.values()].filter((task) => !isOver(task) && !LASTING.has(task.subject.kind));
  }

  async plan(request: DeployRequest): Promise<RequestId> {
    return this.#begin("plan", request.host_id, (await call("deploy_plan", request)).request_id);
  }

  async hub(query: HubQuery): Promise<RequestId> {
    return this.#begin("hub", query.host_id, (await call("hub_list", query)).request_id);
  }

  async diagnose(hostId: HostId): Promise<RequestId> {
    return this.#begin("diagnose", hostId, (await call("host_diagnose", { host_id: hostId })).request_id);
  }

  async deploy(request: DeployRequest): Promise<RequestId> {
    return this.#begin("deploy", request.host_id, (await call("deploy_start", request)).request_id);
  }

  async versions(hostId: HostId): Promise<RequestId> {
    return this.#begin("versions", hostId, (await call("versions_list", { host_id: hostId })).request_id);
  }

  /** Goes back to a version; to the previous one when it is null. */
  async rollback(hostId: HostId, version: string | null): Promise<RequestId> {
    return this.#begin("rollback", hostId, (await call("rollback_start", { host_id: hostId, version })).request_id);
  }

  /** Removes what no version uses, or only tells what that would be. */
  async clean(hostId: HostId, dryRun: boolean): Promise<RequestId> {
    return this.#begin("clean", hostId, (await call("clean_start", { host_id: hostId, dry_run: dryRun })).request_id);
  }

  async engineLog(request: EngineLogRequest): Promise<RequestId> {
    return this.#begin("engine_log", request.host_id, (await call("engine_log_start", request)).request_id);
  }

  async stopEngine(hostId: HostId): Promise<RequestId> {
    return this.#begin("stop", hostId, (await call("engine_stop_start", { host_id: hostId })).request_id);
  }

  async uninstall(hostId: HostId, keepModels: boolean): Promise<RequestId> {
    const request = { host_id: hostId, keep_models: keepModels };
    return this.#begin("uninstall", hostId, (await call("uninstall_start", request)).request_id);
  }

  async connect(hostId: HostId): Promise<RequestId> {
    return this.#begin("connect", hostId, (await call("connect_start", { host_id: hostId })).request_id);
  }

  async cancel(requestId: RequestId): Promise<void> {
    const task = this.byId.get(requestId);
    if (task && !isOver(task)) this.byId.set(requestId, { ...task, state: "cancelling" });
    await call("task_cancel", { request_id: requestId });
  }

  /** The command may answer before the task's first message, or after it. */
  #begin(kind: TaskKind, hostId: HostId, requestId: RequestId): RequestId {
    if (!this.byId.has(requestId))
      this.byId.set(requestId, { ...fresh(requestId, Date.now()), subject: { ...NO_SUBJECT, kind, host_id: hostId } });
    return requestId;
  }

  #take(message: TaskMessage): void {
    // What is told to all windows belongs to no task.
    if (message.request_id === "" || message.body.type === "log" || message.body.type === "chunk") return;
    const before = this.byId.get(message.request_id) ?? fresh(message.request_id, message.timestamp);
    this.byId.set(message.request_id, next(before, message));
    if (message.body.type === "progress" && message.body.data.type === "step")
      this.#measure(message, message.body.data.data);
    if (message.body.type === "complete" || message.body.type === "error") {
      this.#samples.delete(message.request_id);
      this.paces.delete(message.request_id);
      this.#forgetOld();
    }
  }

  #measure(message: TaskMessage, { step, activity }: StepProgress): void {
    const id = message.request_id;
    if (activity?.done_bytes === null || activity?.done_bytes === undefined) {
      this.paces.delete(id);
      this.#samples.delete(id);
      return;
    }
    let samples = this.#samples.get(id);
    if (samples?.step !== step || samples.label !== activity.label.en) {
      samples = { step, label: activity.label.en, list: [] };
      this.#samples.set(id, samples);
      this.paces.delete(id);
    }
    samples.list.push({ at: message.timestamp, bytes: activity.done_bytes });
    while (samples.list.length > 2 && message.timestamp - (samples.list[0]?.at ?? 0) > PACE_WINDOW_MS)
      samples.list.shift();
    const first = samples.list[0];
    if (!first || message.timestamp - first.at < PACE_MIN_MS) return;
    const rate = ((activity.done_bytes - first.bytes) * 1000) / (message.timestamp - first.at);
    const rest = activity.total_bytes === null ? null : activity.total_bytes - activity.done_bytes;
    this.paces.set(id, { rate, left: rest !== null && rate > 0 ? (rest * 1000) / rate : null });
  }

  #forgetOld(): void {
    const over = [...this.byId.values()].filter(isOver);
    if (over.length <= KEPT) return;
    over.sort((a, b) => (a.ended_at ?? 0) - (b.ended_at ?? 0));
    const newest = new Set(over.map((task) => this.latest(task.subject.host_id ?? "", task.subject.kind)?.request_id));
    for (const task of over.slice(0, over.length - KEPT))
      if (!newest.has(task.request_id)) this.byId.delete(task.request_id);
  }
}

/** Whether a task has had its terminal message. */
export function isOver(task: TaskInfo): boolean {
  return task.state === "done" || task.state === "failed";
}

function fresh(requestId: RequestId, timestamp: number): TaskInfo {
  return {
    request_id: requestId,
    subject: NO_SUBJECT,
    state: "queued",
    queued_at: timestamp,
    started_at: null,
    ended_at: null,
    steps: [],
    prompt: null,
    outcome: null,
  };
}

function next(task: TaskInfo, { body, timestamp }: TaskMessage): TaskInfo {
  switch (body.type) {
    case "progress":
      return progressed(task, body.data, timestamp);
    case "prompt":
      return { ...task, prompt: body.data };
    case "complete":
      return { ...task, state: "done", ended_at: timestamp, prompt: null, outcome: body };
    case "error":
      return { ...task, state: "failed", ended_at: timestamp, prompt: null, outcome: body };
    default:
      return task;
  }
}

function progressed(
  task: TaskInfo,
  progress: Extract<TaskBody, { type: "progress" }>["data"],
  timestamp: number,
): TaskInfo {
  switch (progress.type) {
    case "queued":
      return { ...task, subject: progress.data, queued_at: timestamp };
    case "started":
      return { ...task, subject: progress.data, state: "running", started_at: timestamp };
    case "step":
      return { ...task, steps: withStep(task.steps, progress.data) };
    case "prompt_closed":
      return task.prompt?.prompt_id === progress.data.prompt_id ? { ...task, prompt: null } : task;
    default:
      return task;
  }
}

function withStep(steps: StepProgress[], step: StepProgress): StepProgress[] {
  const rest = steps.filter((known) => known.step !== step.step);
  return [...rest, step];
}

/** The running and the ended tasks. */
export const tasks = new TaskState();
