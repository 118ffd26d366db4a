import type {
  Activity,
  ConnectionStatus,
  DeployRequest,
  DeployStep,
  ErrorInfo,
  StepProgress,
  Text,
} from "../bindings";
import { labelOf } from "./plan";
import { both, sleep, type MockStream } from "./stream";
import { connectionOf, deploymentOf, type World } from "./world";

/** What a task of the mock needs while it runs. */
export interface MockTask {
  id: string;
  world: World;
  stream: MockStream;
  /** Set by `task_cancel`. */
  cancelled: () => boolean;
  /** Asks the question that the world wants asked; false when it was declined. */
  ask: (hostId: string) => Promise<boolean>;
}

const CANCELLED: ErrorInfo = {
  code: "cancelled",
  message: both("Cancelled. The host is as it was.", "Отменено. Сервер остался прежним."),
  fix: both("", ""),
  detail_id: "",
  facts: null,
};

const DETAILS: Partial<Record<DeployStep, Text>> = {
  check: both("13 fine, 1 to know", "13 в порядке, 1 к сведению"),
  directory: both("~/.local/share/slipway/v1", "~/.local/share/slipway/v1"),
  upload: both("96 KB, sha256 matches", "96 КБ, sha256 совпадает"),
  verify: both("“The harbour is calm”", "«Гавань спокойна»"),
};

const STEPS: DeployStep[] = ["connect", "check", "directory", "upload", "run", "verify", "finish"];

/** Plays a deploy: seven steps with bytes and log lines, then the result and the connection. */
export async function playDeploy(task: MockTask, request: DeployRequest): Promise<void> {
  const { stream, id, world } = task;
  const host = request.host_id;
  const begun = Date.now();
  const subject = { kind: "deploy" as const, host_id: host, session_id: null, message_id: null };
  stream.say(id, { type: "progress", data: { type: "queued", data: subject } });
  await sleep(20);
  stream.say(id, { type: "progress", data: { type: "started", data: subject } });
  const timings = [];
  for (const step of STEPS) {
    const started_at = Date.now();
    const say = (part: Partial<StepProgress>): void => {
      const data = { step, state: "running" as const, started_at, elapsed_ms: null, detail: null, activity: null };
      stream.say(id, { type: "progress", data: { type: "step", data: { ...data, ...part } } });
    };
    say({});
    stream.log(id, "deploy", `step ${step}`, host);
    if (step === "connect" && !(await task.ask(host))) return fail(task, CANCELLED, say, started_at);
    if (world.deployFails?.step === step) {
      await sleep(world.stepMs);
      stream.log(id, "host", world.deployFails.error.message.en, host, "error");
      const error = world.deployFails.error;
      world.deployFails = null;
      return fail(task, error, say, started_at);
    }
    if (!(await work(task, step, say))) return fail(task, CANCELLED, say, started_at);
    const elapsed_ms = Date.now() - started_at;
    timings.push({ step, elapsed_ms });
    say({ state: "done", elapsed_ms, detail: DETAILS[step] ?? null });
  }
  const deployment = deploymentOf(host, labelOf(request), {
    practice: request.model.type === "practice",
    source: request.model,
    choice: request.engine,
    version: "v4",
    keeper: host === "local" ? "supervisor" : "systemd",
    device: world.machine === "cpu" || host === "local" ? "cpu" : "gpu",
    socket: host !== "local",
    engine_version: "0.2.10",
    deployed_at: Date.now(),
    context_size: request.context_size ?? 4096,
    first_token_ms: 38,
    tokens_per_second: 412,
    prompt_tokens_per_second: 3_900,
  });
  const view = world.hosts.find((item) => item.host.id === host);
  if (view) Object.assign(view, { deployment, last_error: null });
  stream.say(id, {
    type: "complete",
    data: {
      type: "deploy",
      data: { deployment, steps: timings, total_ms: Date.now() - begun, changed: true, sample: "The harbour is calm" },
    },
  });
}

async function work(task: MockTask, step: DeployStep, say: (part: Partial<StepProgress>) => void): Promise<boolean> {
  const total = step === "upload" ? 98_304 : step === "run" ? 41_200_000 : null;
  const ticks = step === "run" ? 12 : 4;
  for (let tick = 1; tick <= ticks; tick += 1) {
    await sleep(task.world.stepMs / 4);
    if (task.cancelled()) return false;
    task.stream.log(task.id, step === "run" ? "host" : "deploy", `${step}: part ${tick} of ${ticks}`, null, tick === 3 ? "warn" : "info");
    if (total === null) continue;
    const activity: Activity = {
      label: step === "run" ? both("Downloading the engine", "Скачивается движок") : both("Uploading", "Передаётся"),
      done_bytes: Math.round((total * tick) / ticks),
      total_bytes: total,
    };
    say({ activity });
  }
  return true;
}

function fail(
  task: MockTask,
  error: ErrorInfo,
  say: (part: Partial<StepProgress>) => void,
  started_at: number,
): void {
  say({ state: "failed", elapsed_ms: Date.now() - started_at });
  task.stream.say(task.id, { type: "error", data: error });
}

/** Plays a connection: connecting, logging in, loading, connected; it stays until it is cancelled. */
export async function playConnect(task: MockTask, hostId: string): Promise<void> {
  const { stream, id, world } = task;
  const view = world.hosts.find((item) => item.host.id === hostId);
  const subject = { kind: "connect" as const, host_id: hostId, session_id: null, message_id: null };
  const say = (part: Partial<ConnectionStatus>): void => {
    const status = connectionOf(hostId, {
      request_id: id,
      since: Date.now(),
      reconnects: 0,
      bytes_down: 4200,
      bytes_up: 900,
      model: view?.deployment?.model ?? null,
      context_size: view?.deployment?.context_size ?? null,
      round_trip_ms: hostId === "local" ? 1 : 12,
      ...part,
    });
    world.connections = [...world.connections.filter((item) => item.host_id !== hostId), status];
    stream.say(id, { type: "progress", data: { type: "connection", data: status } });
  };
  stream.say(id, { type: "progress", data: { type: "started", data: subject } });
  say({ state: "connecting", local_url: null, round_trip_ms: null });
  if (!(await task.ask(hostId))) return stream.say(id, { type: "error", data: CANCELLED });
  say({ state: "authenticating", local_url: null, round_trip_ms: null });
  await sleep(world.stepMs / 2);
  if (world.deployFails?.step === "connect") {
    const { error } = world.deployFails;
    say({ state: "needs_attention", local_url: null, round_trip_ms: null, reason: error });
    return stream.say(id, { type: "error", data: error });
  }
  say({ state: "loading", round_trip_ms: null });
  await sleep(world.stepMs / 2);
  say({ state: "connected" });
  while (!task.cancelled()) await sleep(100);
  say({ state: "disconnected", local_url: null, round_trip_ms: null });
  stream.say(id, { type: "error", data: CANCELLED });
}
