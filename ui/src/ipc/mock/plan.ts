import type {
  ContextFit,
  DeployPlan,
  DeployRequest,
  EngineKind,
  EngineOption,
  Fit,
  HubChoice,
  HubListing,
  HubQuery,
  TaskBody,
  TaskKind,
} from "../bindings";
import type { MockTask } from "./deploy";
import { fault } from "./faults";
import { reportOf } from "./preflight";
import { both, sleep } from "./stream";
import type { World } from "./world";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** A model's name as its source tells it. */
export function labelOf({ model }: DeployRequest): string {
  if (model.type === "practice") return "practice model";
  if (model.type === "hugging_face") return model.data.file ?? model.data.repo;
  const path = model.type === "url" ? model.data.url : model.data;
  return (path.split("/").pop() ?? path).replace(/\.gguf$/, "");
}

const TRAINED = 131_072;

/** Real figures of a model with so many bytes of weights. */
function contextsOf(weights: number, free: number, cacheOf32k: number): ContextFit[] {
  return [4096, 8192, 16_384, 32_768, 65_536, TRAINED].map((context_size) => {
    const kv_cache_bytes = (cacheOf32k * context_size) / 32_768;
    const compute_bytes = 0.9 * GIB;
    const runtime_bytes = 0.3 * GIB;
    const total_bytes = weights + kv_cache_bytes + compute_bytes + runtime_bytes;
    const verdict = total_bytes > free ? "too_big" : total_bytes > free * 0.95 ? "tight" : "fits";
    return { context_size, weights_bytes: weights, kv_cache_bytes, compute_bytes, runtime_bytes, total_bytes, verdict };
  });
}

function fitOf(world: World, request: DeployRequest): Fit | null {
  if (request.model.type === "url" || request.model.type === "ollama") return null;
  const onGpu = world.machine !== "cpu";
  const free = onGpu ? 22_400 * MIB : 51_539_607_552;
  const total = onGpu ? 24_564 * MIB : 67_217_743_872;
  if (request.model.type === "practice") {
    const tiny = contextsOf(1.7e6, free, 0.4e6).filter(({ context_size }) => context_size <= 32_768);
    return { device: onGpu ? "gpu" : "cpu", free_bytes: free, total_bytes: total, context_train: 32_768, quantisation: "F16", contexts: tiny };
  }
  const weights = world.machine === "red" ? 26.1 * GIB : 17.3 * GIB;
  const contexts = contextsOf(weights, free, 1.7 * GIB);
  return { device: onGpu ? "gpu" : "cpu", free_bytes: free, total_bytes: total, context_train: TRAINED, quantisation: "Q4_K_M", contexts };
}

function option(kind: EngineKind, usable: boolean, en: string, ru: string): EngineOption {
  return { kind, usable, reason: both(en, ru) };
}

function enginesOf(world: World): EngineOption[] {
  const onGpu = world.machine !== "cpu";
  return [
    option("llama_cpp", true, "A GGUF file and several chats at once.", "Файл GGUF и несколько чатов сразу."),
    onGpu
      ? option("vllm", false, "It does not read this GGUF file; it wants safetensors.", "Не читает этот файл GGUF; нужны safetensors.")
      : option("vllm", false, "There is no NVIDIA graphics card.", "Нет видеокарты NVIDIA."),
    option("ollama", true, "Ollama 0.6.2 runs on the host already.", "Ollama 0.6.2 уже работает на сервере."),
    option("container", true, "docker 27.3.1 works for this login.", "docker 27.3.1 работает для этого пользователя."),
    option("custom", true, "A command that you write yourself.", "Команда, которую вы напишете сами."),
    option("mlx", false, "It runs on Apple silicon only.", "Работает только на Apple silicon."),
  ];
}

function planOf(world: World, request: DeployRequest): DeployPlan | null {
  if (world.machine === "bare") return null;
  const fit = fitOf(world, request);
  const walled = world.machine === "walled";
  const context = request.context_size ?? (fit ? Math.min(32_768, fit.context_train ?? 32_768) : null);
  if (fit && context !== null && !fit.contexts.some(({ context_size }) => context_size === context)) {
    const nearest = fit.contexts.findLast(({ context_size }) => context_size < context) ?? fit.contexts[0];
    if (nearest) fit.contexts = [...fit.contexts, { ...nearest, context_size: context }].sort((a, b) => a.context_size - b.context_size);
  }
  return {
    request,
    engine: request.engine.type === "auto" ? { type: "llama_cpp", data: { binary: null } } : request.engine,
    engine_label: "llama.cpp b6840, CUDA 12",
    reason:
      world.machine === "cpu"
        ? both("Chosen: no graphics card, a GGUF file.", "Выбран: нет видеокарты, файл GGUF.")
        : both("Chosen: one GPU, a GGUF file, several chats at once.", "Выбран: одна видеокарта, файл GGUF, несколько чатов сразу."),
    engines: enginesOf(world),
    device: fit?.device ?? null,
    model_label: labelOf(request),
    context_size: context,
    parallel: request.parallel ?? 4,
    fit,
    brought: walled
      ? [
          { what: "python", bytes: 32.1e6, reason: both("The host’s Python is 3.6.", "На сервере Python 3.6.") },
          { what: "engine", bytes: 412e6, reason: both("The package index does not answer from the host.", "Каталог пакетов с сервера не отвечает.") },
          { what: "model", bytes: 18.6e9, reason: both("The hub does not answer from the host.", "Хаб с сервера не отвечает.") },
        ]
      : [],
    directory: request.directory ?? "/home/ml/.local/share/slipway",
    socket: request.host_id !== "local",
    keeper: request.host_id === "local" ? "supervisor" : "systemd",
  };
}

/** Says that a task has begun. */
export function begin(task: MockTask, kind: TaskKind, hostId: string): void {
  const subject = { kind, host_id: hostId, session_id: null, message_id: null };
  task.stream.say(task.id, { type: "progress", data: { type: "started", data: subject } });
}

/** Ends a task: with `body`, or as cancelled. */
export function end(task: MockTask, body: TaskBody): void {
  const cancelled = fault("cancelled", ["Cancelled.", "Отменено."], ["", ""], "");
  task.stream.say(task.id, task.cancelled() ? { type: "error", data: cancelled } : body);
}

/** Waits, but not longer than until the task is cancelled. */
export async function pause(task: MockTask, ms: number): Promise<void> {
  for (let waited = 0; waited < ms && !task.cancelled(); waited += 50) await sleep(50);
}

/** Plays a plan: a look at the host, then what would be done. */
export async function playPlan(task: MockTask, request: DeployRequest): Promise<void> {
  const { world } = task;
  begin(task, "plan", request.host_id);
  if (!(await task.ask(request.host_id)))
    return end(task, { type: "error", data: fault("cancelled", ["Cancelled.", "Отменено."], ["", ""], "") });
  // A question is asked once; the answer is known to the next plan.
  world.asks = world.asks.filter((name) => name === "bring");
  await pause(task, world.stepMs);
  if (world.planFails) return end(task, { type: "error", data: world.planFails });
  const report = reportOf(world);
  const plan = planOf(world, request);
  const used = plan?.fit?.contexts.find(({ context_size }) => context_size === plan.context_size);
  report.findings = report.findings.filter(({ code }) => code !== "model_too_big" || used?.verdict === "too_big");
  if (request.directory?.startsWith("/mnt")) report.findings = report.findings.filter(({ code }) => code !== "disk_full");
  end(task, { type: "complete", data: { type: "plan", data: { report, plan } } });
}

const QUANTS: [string, number, number][] = [
  ["Q2_K", 11.3, 1],
  ["Q3_K_M", 14.7, 1],
  ["Q4_K_M", 18.6, 1],
  ["Q5_K_M", 21.7, 1],
  ["Q6_K", 25.1, 1],
  ["Q8_0", 32.5, 1],
  ["BF16", 61.1, 2],
];

/** Plays a look into a repository: `gated/…` asks for a token, `none/…` is not there, `empty/…` has nothing. */
export async function playHub(task: MockTask, { host_id, repo }: HubQuery): Promise<void> {
  begin(task, "hub", host_id);
  await pause(task, task.world.stepMs);
  const [owner = "", name = ""] = repo.split("/");
  if (owner === "none")
    return end(task, { type: "error", data: fault("model_not_found", [`There is no ${repo} on the hub.`, `На хабе нет ${repo}.`], ["Compare the name with the hub’s page.", "Сверьте имя со страницей хаба."], "d-40aa") });
  if (owner === "gated" && !task.world.app.hub_token)
    return end(task, { type: "error", data: fault("model_gated", [`${repo} is gated.`, `Доступ к ${repo} ограничен.`], ["Ask for access on the hub, then give Slipway your token.", "Попросите доступ на хабе и дайте Slipway свой токен."], "d-40ab") });
  const gguf = QUANTS.map(([quantisation, gigabytes, parts]): HubChoice => ({ file: `${name}-${quantisation}.gguf`, quantisation, bytes: gigabytes * 1e9, parts }));
  const choices: HubChoice[] = owner === "empty" ? [] : [...gguf, { file: null, quantisation: null, bytes: 61.4e9, parts: 13 }];
  const listing: HubListing = { repo, commit: "9f1c2ab", gated: owner === "gated", private: false, choices, from_here: task.world.machine === "walled" };
  end(task, { type: "complete", data: { type: "hub", data: listing } });
}
