import type { CleanRequest, DeployedVersion, EngineLogRequest, HostGauges, RollbackRequest, UninstallRequest } from "../bindings";
import type { MockTask } from "./deploy";
import { begin, end, pause } from "./plan";
import { both, sleep } from "./stream";
import type { World } from "./world";

const HOUR = 3_600_000;

/** Versions of a host that was deployed to for weeks. */
export function someVersions(count = 3): DeployedVersion[] {
  const of = (no: number, part: Partial<DeployedVersion>): DeployedVersion => ({
    version: `v${no}`,
    role: "old",
    running: false,
    usable: true,
    created_at: Date.now() - (count - no + 1) * 26 * HOUR,
    engine: "llama.cpp b6840",
    model: "Qwen3-30B-A3B-Instruct-Q4_K_M",
    context_size: 32_768,
    model_bytes: 18.6e9,
    ...part,
  });
  const all = Array.from({ length: count }, (_, index) => of(count - index, {}));
  Object.assign(all[0] ?? {}, { role: "current", running: true });
  Object.assign(all[1] ?? {}, { role: "previous", engine: "llama.cpp b6711", context_size: 16_384 });
  Object.assign(all[2] ?? {}, { usable: false, engine: null, model: null, context_size: null, model_bytes: null, created_at: null });
  return all;
}

/** What host and engine are busy with; `full` is past every limit. */
export function gaugesOf(kind: "gpu" | "full" | "mac"): HostGauges {
  const full = kind === "full";
  const gpu = (name: string, used: number, memory: number, total: number) => ({
    name,
    used,
    memory_used_mb: memory,
    memory_total_mb: total,
  });
  return {
    at: Date.now(),
    gpus:
      kind === "mac"
        ? [{ name: "Apple M3 Max", used: 0.38, memory_used_mb: null, memory_total_mb: null }]
        : full
          ? [gpu("NVIDIA A6000", 0.91, 47_300, 49_140), gpu("NVIDIA A6000", 0.99, 48_020, 49_140)]
          : [gpu("NVIDIA RTX 4090", 0.38, 21_300, 24_564)],
    memory_total_bytes: kind === "mac" ? 137_438_953_472 : 67_217_743_872,
    memory_used_bytes: full ? 63e9 : 44.2e9,
    disk_total_bytes: 1_000e9,
    disk_free_bytes: full ? 21e9 : 612e9,
    engine_memory_bytes: 19.9e9,
    slots_total: 4,
    slots_busy: full ? 4 : 1,
    queue: full ? 3 : 0,
    kv_cache_used: full ? 0.94 : 0.36,
  };
}

export async function playVersions(task: MockTask, hostId: string): Promise<void> {
  const { world } = task;
  begin(task, "versions", hostId);
  await pause(task, world.stepMs);
  if (world.upkeepFails) return end(task, { type: "error", data: world.upkeepFails });
  const versions = world.versions.get(hostId) ?? [];
  const unused_bytes = versions.some(({ role }) => role === "old") ? 9.4e9 : 0;
  const list = { versions, total_bytes: 46.9e9, unused_bytes, disk_free_bytes: 402e9, directory: "/home/llm/.local/share/slipway" };
  end(task, { type: "complete", data: { type: "versions", data: structuredClone(list) } });
}

export async function playRollback(task: MockTask, { host_id, version }: RollbackRequest): Promise<void> {
  const { world, stream, id } = task;
  begin(task, "rollback", host_id);
  const started_at = Date.now();
  const activity = { label: both("Loading the model", "Загружается модель"), done_bytes: null, total_bytes: null };
  const step = { step: "run" as const, state: "running" as const, started_at, elapsed_ms: null, detail: null, activity };
  stream.say(id, { type: "progress", data: { type: "step", data: step } });
  await pause(task, world.stepMs * 4);
  if (world.upkeepFails) return end(task, { type: "error", data: world.upkeepFails });
  const all = world.versions.get(host_id) ?? [];
  const left = all.find(({ role }) => role === "current");
  const next = all.find((one) => (version === null ? one.role === "previous" : one.version === version));
  if (left) Object.assign(left, { role: "previous", running: false });
  if (next) Object.assign(next, { role: "current", running: true });
  const view = world.hosts.find(({ host }) => host.id === host_id);
  if (view?.deployment && next) Object.assign(view.deployment, { version: next.version, engine_version: next.engine?.split(" ").at(-1) });
  const data = { version: next?.version ?? "", left: left?.version ?? null, model: next?.model ?? "", total_ms: Date.now() - started_at };
  end(task, { type: "complete", data: { type: "rollback", data } });
}

export async function playClean(task: MockTask, { host_id, dry_run }: CleanRequest): Promise<void> {
  const { world } = task;
  begin(task, "clean", host_id);
  await pause(task, world.stepMs);
  if (world.upkeepFails) return end(task, { type: "error", data: world.upkeepFails });
  const removed = [
    { path: "/home/llm/.local/share/slipway/models/Qwen2.5-14B-Instruct-Q4_K_M.gguf", bytes: 8.99e9 },
    { path: "/home/llm/.local/share/slipway/versions/v1", bytes: 412e6 },
    { path: "/home/llm/.local/share/slipway/staging/4f1c", bytes: 1.7e6 },
  ];
  if (!dry_run) world.versions.set(host_id, (world.versions.get(host_id) ?? []).filter(({ role }) => role !== "old"));
  end(task, { type: "complete", data: { type: "clean", data: { removed, removed_bytes: 9.4e9, dry_run } } });
}

export async function playStop(task: MockTask, hostId: string): Promise<void> {
  begin(task, "stop", hostId);
  await pause(task, task.world.stepMs);
  for (const version of task.world.versions.get(hostId) ?? []) version.running = false;
  end(task, { type: "complete", data: { type: "stop", data: { was_running: true } } });
}

export async function playUninstall(task: MockTask, { host_id, keep_models }: UninstallRequest): Promise<void> {
  begin(task, "uninstall", host_id);
  await sleep(task.world.stepMs);
  const view = task.world.hosts.find(({ host }) => host.id === host_id);
  if (view) view.deployment = null;
  end(task, { type: "complete", data: { type: "uninstall", data: { removed_bytes: keep_models ? 412e6 : 19.1e9 } } });
}

const LINES = [
  "srv  update_slots: all slots are idle",
  "slot launch_slot_: id  0 | task 4182 | processing task",
  "slot update_slots: id  0 | task 4182 | new prompt, n_ctx_slot = 32768, n_keep = 0, n_prompt_tokens = 1184",
  "slot update_slots: id  0 | task 4182 | prompt done, n_past = 1184, n_tokens = 1184",
  "slot print_timing: id  0 | prompt eval time = 954.18 ms / 1184 tokens (0.81 ms per token, 1240.86 tokens per second)",
  "slot print_timing: id  0 | eval time = 6012.40 ms / 386 tokens (15.58 ms per token, 64.20 tokens per second)",
  "slot release: id  0 | task 4182 | stop processing: n_past = 1569, truncated = 0",
];

/** Plays an engine's log: some lines of the past, then more until it is cancelled. */
export async function playEngineLog(task: MockTask, { host_id, lines, follow }: EngineLogRequest): Promise<void> {
  const { world, stream, id } = task;
  begin(task, "engine_log", host_id);
  await pause(task, world.stepMs);
  if (world.upkeepFails) return end(task, { type: "error", data: world.upkeepFails });
  const say = (index: number): void => stream.log(id, "engine", LINES[index % LINES.length] ?? "", host_id);
  for (let index = 0; index < Math.min(lines, 120); index += 1) say(index);
  for (let index = 120; follow && !task.cancelled(); index += 1) {
    await pause(task, 700);
    if (!task.cancelled()) say(index);
  }
  end(task, { type: "complete", data: { type: "engine_log" } });
}

/** Versions and gauges to look at: `upkeep-failing`, `versions-empty`, `versions-many`; else what a used host has. */
export function fillUpkeep(world: World, name: string): void {
  const count = name === "versions-many" ? 12 : 3;
  for (const { host, deployment } of world.hosts) if (deployment) world.versions.set(host.id, name === "versions-empty" ? [] : someVersions(count));
  const [first, second] = world.connections;
  if (first) first.gauges = gaugesOf(name === "gauges-mac" ? "mac" : "gpu");
  if (second) second.gauges = gaugesOf("full");
}
