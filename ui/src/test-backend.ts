import type { Backend, BatchHandler } from "./ipc/backend";
import * as blank from "./ipc/blank";
import type { Commands, ConnectionStatus, Deployment, ErrorInfo, Finding, HostView, PlannedDeploy, Settings, Snapshot, TaskBody, TaskMessage } from "./ipc/bindings";
import { replaceBackend } from "./ipc/backend";

/** A backend for tests: answers as it is told, and says what the test says. */
export class TestBackend implements Backend {
  calls: { name: string; request: unknown }[] = [];
  replies = new Map<string, (request: never) => unknown>();
  /** What each `subscribe` answers, the first first; complete when there is none left. */
  subscriptions: boolean[] = [];
  handlers: BatchHandler[] = [];
  snapshot: Snapshot = emptySnapshot();
  /** Messages that come between the opening of the channel and its answer. */
  early: TaskMessage[] = [];
  seq = 0;

  constructor() {
    replaceBackend(this);
  }

  reply<K extends keyof Commands>(
    name: K,
    answer: (request: Commands[K]["request"]) => Commands[K]["response"],
  ): void {
    this.replies.set(name, answer);
  }

  async invoke(name: string, request: unknown): Promise<unknown> {
    this.calls.push({ name, request });
    if (name === "snapshot" && !this.replies.has(name)) return this.snapshot;
    const answer = this.replies.get(name);
    if (!answer) throw new Error(`no reply to ${name}`);
    return answer(request as never);
  }

  async subscribe(afterSeq: number, onBatch: BatchHandler): Promise<{ complete: boolean }> {
    this.calls.push({ name: "subscribe", request: { after_seq: afterSeq } });
    this.handlers.push(onBatch);
    if (this.early.length > 0) onBatch(this.early);
    return { complete: this.subscriptions.shift() ?? true };
  }

  message(requestId: string, body: TaskBody, timestamp = 1000): TaskMessage {
    this.seq += 1;
    return { request_id: requestId, seq: this.seq, timestamp, body };
  }

  /** Says something on the channel that is open. */
  say(requestId: string, body: TaskBody, timestamp?: number): void {
    this.handlers.at(-1)?.([this.message(requestId, body, timestamp)]);
  }

  /** The requests of a command so far. */
  requests(name: string): unknown[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.request);
  }
}

export const SETTINGS: Settings = { ...blank.SETTINGS, language: "en", theme: "light" };

export function emptySnapshot(): Snapshot {
  return {
    seq: 0,
    app: {
      version: "0.1.0",
      platform: "linux",
      system_language: "en",
      data_dir: "/data",
      log_dir: "/logs",
      cpu: "cpu",
      memory_total_bytes: null,
      disk_free_bytes: null,
      hub_token: false,
    },
    settings: SETTINGS,
    hosts: [],
    connections: [],
    tasks: [],
    sessions: [],
    folders: [],
    draft: blank.NO_DRAFT,
  };
}

export function hostView(id: string, part: Partial<HostView> = {}): HostView {
  const data = { line: `me@${id}.lan`, user: "me", host: `${id}.lan`, port: 22, identity: null, accepted_fingerprint: null };
  return {
    host: { id, name: id, address: { type: "ssh", data }, created_at: 0, keep: false, directory: null },
    deployment: null,
    last_error: null,
    ...part,
  };
}

/** The deployment of a small model on the host `a`. */
export function deployment(part: Partial<Deployment> = {}): Deployment {
  return {
    host_id: "a",
    engine: "llama.cpp",
    engine_kind: "llama_cpp",
    engine_version: "1",
    model: "m",
    practice: false,
    context_size: null,
    source: { type: "host_path", data: "/m.gguf" },
    choice: { type: "auto" },
    version: "v2",
    keeper: "systemd",
    device: "gpu",
    socket: true,
    deployed_at: 0,
    first_token_ms: null,
    tokens_per_second: null,
    prompt_tokens_per_second: null,
    ...part,
  };
}

/** A line of a preflight report, a good one unless told otherwise. */
export function finding(code: string, part: Partial<Finding> = {}): Finding {
  const words = { en: `About ${code}`, ru: `О ${code}` };
  return {
    severity: "ok",
    code,
    subject: { en: code, ru: code },
    message: words,
    fix: { en: "", ru: "" },
    command: null,
    can_override: false,
    ...part,
  };
}

/** What a small host says that a deploy of the practice model would do there. */
export function plannedDeploy(hostId: string, findings: Finding[] = [finding("system_ok")]): PlannedDeploy {
  return {
    report: {
      os: "Debian GNU/Linux 12",
      arch: "x86_64",
      libc: "glibc 2.36",
      cpu: "cpu",
      cores: 4,
      cpu_features: ["avx2"],
      memory_total_bytes: 16 * 1024 ** 3,
      memory_available_bytes: 12 * 1024 ** 3,
      disk_free_bytes: 50e9,
      inodes_free: null,
      root: "/home/me/.local/share/slipway",
      directories: [],
      python: "3.11.2",
      pythons: [],
      gpus: [],
      cuda: null,
      gpu_processes: [],
      containers: [],
      ollama: null,
      llama_server: null,
      index_reachable: true,
      forwarding: null,
      clock_skew_s: null,
      findings,
    },
    plan: {
      request: {
        host_id: hostId,
        model: { type: "practice" },
        engine: { type: "auto" },
        context_size: null,
        parallel: null,
        gpu_layers: null,
        directory: null,
        overrides: [],
        bring: null,
      },
      engine: { type: "llama_cpp", data: { binary: null } },
      engine_label: "llama.cpp 1",
      reason: { en: "No graphics card: llama.cpp.", ru: "Нет видеокарты: llama.cpp." },
      engines: [
        { kind: "llama_cpp", usable: true, reason: { en: "A GGUF file.", ru: "Файл GGUF." } },
        { kind: "vllm", usable: false, reason: { en: "No NVIDIA card.", ru: "Нет карты NVIDIA." } },
      ],
      device: "cpu",
      model_label: "practice model",
      context_size: 8192,
      parallel: 4,
      fit: null,
      brought: [],
      directory: "/home/me/.local/share/slipway",
      socket: true,
      keeper: "systemd",
    },
  };
}

/** A connection to the host `a` that is up. */
export function connection(part: Partial<ConnectionStatus> = {}): ConnectionStatus {
  const up = { request_id: "c1", local_url: "http://127.0.0.1:1", model: "m", context_size: 4096, round_trip_ms: 12 };
  return blank.blankConnection("a", { ...up, ...part });
}

export function errorInfo(code: ErrorInfo["code"]): ErrorInfo {
  return {
    code,
    message: { en: `What happened: ${code}`, ru: `Что случилось: ${code}` },
    fix: { en: "Do this.", ru: "Сделайте это." },
    detail_id: "d-1",
    facts: null,
  };
}
