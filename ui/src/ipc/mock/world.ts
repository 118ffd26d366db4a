import type {
  AppInfo,
  Attachment,
  ConnectionStatus,
  DeployedVersion,
  Deployment,
  DiagnosisLink,
  ErrorInfo,
  Host,
  HostSuggestion,
  HostView,
  Message,
  Preset,
  Session,
  Settings,
  Snippet,
  SshAddress,
  TaskInfo,
} from "../bindings";
import { blankConnection, SETTINGS } from "../blank";
import type { QuestionName } from "./questions";
import type { Around } from "./tree";

/** A kind of machine: with all that is needed, with lines to fix, too bare for a plan, without a GPU, without a way out. */
export type Machine = "fine" | "red" | "bare" | "cpu" | "walled";

/** Everything that the mock backend knows; a scenario fills it. */
export interface World {
  app: AppInfo;
  settings: Settings;
  hosts: HostView[];
  suggestions: HostSuggestion[];
  connections: ConnectionStatus[];
  tasks: TaskInfo[];
  sessions: Session[];
  messages: Map<string, Message[]>;
  /** Files that were added. */
  files: Map<string, { attachment: Attachment; data: string }>;
  presets: Preset[];
  snippets: Snippet[];
  /** Drafts, queues and what else stands around messages. */
  around: Map<string, Around>;
  /** Milliseconds that each deploy step takes. */
  stepMs: number;
  /** What the next deploy fails with, and at which step. */
  deployFails: { step: string; error: ErrorInfo } | null;
  /** What a look at a host finds, by scenario. */
  machine: Machine;
  /** What the next plan fails with. */
  planFails: ErrorInfo | null;
  /** The versions that the hosts keep. */
  versions: Map<string, DeployedVersion[]>;
  /** What versions, rollbacks, clean-ups and engine logs fail with. */
  upkeepFails: ErrorInfo | null;
  /** The questions that a deploy or connect asks first, one after the other. */
  asks: QuestionName[];
  /** Hosts whose connection has a past hour. */
  busyHosts: Set<string>;
  /** What the next diagnosis finds: the link that is broken, and the one it never gets an answer from. */
  diagnosis: { broken: DiagnosisLink | null; stuck: DiagnosisLink | null };
}

const HOUR = 3_600_000;

export function settingsOf(part: Partial<Settings> = {}): Settings {
  return { ...SETTINGS, ...part };
}

export function sshHost(name: string, address: Partial<SshAddress> & { host: string }): Host {
  const data = { user: "llm", port: 22, identity: null, accepted_fingerprint: null, ...address };
  const line = data.port === 22 ? `${data.user}@${data.host}` : `${data.user}@${data.host}:${data.port}`;
  return {
    id: name,
    name,
    address: { type: "ssh", data: { line, ...data } },
    keep: false,
    directory: null,
    created_at: Date.now() - 40 * HOUR,
  };
}

export const LOCAL_HOST: Host = {
  id: "local",
  name: "local",
  address: { type: "local" },
  keep: false,
  directory: null,
  created_at: Date.now() - 30 * HOUR,
};

export function deploymentOf(hostId: string, model: string, part: Partial<Deployment> = {}): Deployment {
  return {
    host_id: hostId,
    engine: "llama.cpp",
    engine_kind: "llama_cpp",
    engine_version: "b6840",
    model,
    practice: false,
    context_size: 32_768,
    source: { type: "host_path", data: `/models/${model}.gguf` },
    choice: { type: "auto" },
    version: "v3",
    keeper: "systemd",
    device: "gpu",
    socket: true,
    deployed_at: Date.now() - 26 * HOUR,
    first_token_ms: 410,
    tokens_per_second: 64.2,
    prompt_tokens_per_second: 1_240,
    ...part,
  };
}

export function connectionOf(hostId: string, part: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return blankConnection(hostId, {
    context_size: 32_768,
    since: Date.now() - 6.2 * HOUR,
    round_trip_ms: 12,
    ...part,
  });
}

export function emptyWorld(): World {
  return {
    app: {
      version: "0.1.0",
      platform: "linux",
      system_language: "en",
      data_dir: "~/.local/share/app.slipway.desktop",
      log_dir: "~/.local/share/app.slipway.desktop/logs",
      cpu: "AMD Ryzen 9 7950X",
      memory_total_bytes: 64 * 1024 ** 3,
      disk_free_bytes: 188e9,
      hub_token: false,
    },
    settings: settingsOf(),
    // As in the backend, this computer is always there.
    hosts: [{ host: LOCAL_HOST, deployment: null, last_error: null }],
    suggestions: [
      { alias: "lab-gpu-2", address: "gpu@10.0.4.22:22", identity: "~/.ssh/id_ed25519", jumps: [] },
      { alias: "studio", address: "llm@studio.local:22", identity: null, jumps: [] },
      { alias: "rented-4090", address: "root@203.0.113.24:40122", identity: "~/.ssh/rented", jumps: [] },
      { alias: "gpu-box", address: "ml@192.0.2.40:2222", identity: "~/.ssh/id_ed25519", jumps: [] },
      { alias: "hpc-gpu7", address: "ml@gpu7.hpc.example.org:22", identity: null, jumps: ["ml@hpc-login.example.org:22"] },
      { alias: "old-gpu", address: "root@192.0.2.61:22", identity: null, jumps: [] },
    ],
    connections: [],
    tasks: [],
    sessions: [],
    messages: new Map(),
    files: new Map(),
    presets: [],
    snippets: [],
    around: new Map(),
    stepMs: 700,
    deployFails: null,
    machine: "fine",
    planFails: null,
    versions: new Map(),
    upkeepFails: null,
    asks: [],
    busyHosts: new Set(),
    diagnosis: { broken: null, stuck: null },
  };
}
