// Generated from the crate slipway-protocol by `make bindings`. Do not edit.

export type HostId = string;

export type RequestId = string;

export type SessionId = string;

export type MessageId = string;

export type PromptId = string;

export type FolderId = string;

export type AttachmentId = string;

export type QueuedId = string;

export type PresetId = string;

export type SnippetId = string;

export type CompactionId = string;

export type Language = "en" | "ru";

export type Text = { 
/**
 * English.
 */
en: string, 
/**
 * Russian.
 */
ru: string, };

export type ErrorCode = "invalid_input" | "not_found" | "busy" | "cancelled" | "queue_full" | "internal" | "database_locked" | "database_corrupt" | "database_newer" | "local_disk" | "host_not_found" | "connection_refused" | "host_unreachable" | "ssh_protocol" | "host_key_changed" | "host_key_rejected" | "known_hosts_unreadable" | "authentication_refused" | "key_file_unusable" | "no_network" | "proxy_failed" | "ssh_config_unusable" | "forwarding_forbidden" | "foreign_port" | "connection_lost" | "python_missing" | "venv_missing" | "library_missing" | "platform_unsupported" | "host_disk_full" | "host_permission" | "host_locked" | "index_unreachable" | "engine_install_failed" | "hash_mismatch" | "host_work_lost" | "script_failed" | "model_not_found" | "model_not_gguf" | "model_truncated" | "model_unreachable" | "model_gated" | "hub_token_refused" | "model_unsupported" | "model_too_big" | "not_deployed" | "version_unusable" | "engine_unavailable" | "gpu_not_used" | "not_connected" | "engine_crashed" | "engine_out_of_memory" | "engine_not_healthy" | "engine_loading" | "engine_unauthorized" | "engine_error" | "empty_message" | "context_exceeded" | "stream_broken" | "stream_timeout";

export type ErrorInfo = { 
/**
 * What the front end may branch on.
 */
code: ErrorCode, 
/**
 * What happened, in a sentence.
 */
message: Text, 
/**
 * What to do, in a sentence or a command.
 */
fix: Text, 
/**
 * Finds the technical detail in the log.
 */
detail_id: string, 
/**
 * Facts that a table shows better than a sentence.
 */
facts: ErrorFacts | null, };

export type ErrorFacts = { "type": "host_key_changed", "data": ChangedHostKey } | { "type": "login", "data": Array<LoginAttempt> } | { "type": "preflight", "data": Array<Finding> } | { "type": "hop", "data": Hop };

export type ChangedHostKey = { 
/**
 * The key on record, `SHA256:…`.
 */
expected: string, 
/**
 * The key that was shown, `SHA256:…`.
 */
actual: string, 
/**
 * The file that holds the key on record.
 */
file: string, 
/**
 * Its line, from 1.
 */
line: number, 
/**
 * The command that removes exactly what is on record.
 */
command: string, };

export type LoginAttempt = { 
/**
 * The method and what it was tried with, for example `key ~/.ssh/id_ed25519`.
 */
what: string, 
/**
 * Why it did not work.
 */
why: string, };

export type Hop = "this_app" | "tunnel" | "server" | "engine";

export type TaskMessage = { 
/**
 * The task.
 */
request_id: RequestId, 
/**
 * Position in the program's stream of messages, from 1.
 */
seq: number, 
/**
 * Milliseconds since the Unix epoch.
 */
timestamp: number, 
/**
 * What happened.
 */
body: TaskBody, };

export type TaskBody = { "type": "progress", "data": Progress } | { "type": "log", "data": LogLine } | { "type": "chunk", "data": Chunk } | { "type": "prompt", "data": Prompt } | { "type": "complete", "data": TaskResult } | { "type": "error", "data": ErrorInfo };

export type Progress = { "type": "queued", "data": TaskSubject } | { "type": "started", "data": TaskSubject } | { "type": "step", "data": StepProgress } | { "type": "link", "data": LinkFinding } | { "type": "connection", "data": ConnectionStatus } | { "type": "prompt_closed", "data": PromptClosed } | { "type": "chat_phase", "data": ChatPhase } | { "type": "turn_began", "data": ChatStarted } | { "type": "session_changed", "data": Session } | { "type": "session_removed", "data": SessionId } | { "type": "thread_changed", "data": SessionId } | { "type": "queue_changed", "data": QueueState } | { "type": "conversation_changed", "data": ConversationProgress } | { "type": "transfer", "data": TransferProgress };

export type QueueState = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * In order.
 */
queue: Array<QueuedMessage>, };

export type ConversationProgress = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * As it is now.
 */
conversation: Conversation, };

export type TransferProgress = { 
/**
 * Bytes so far.
 */
done: number, 
/**
 * Bytes in all, if known.
 */
total: number | null, };

export type ChatPhase = "connecting" | "loading" | "prompt";

export type TaskKind = "check" | "diagnose" | "plan" | "hub" | "deploy" | "versions" | "rollback" | "clean" | "engine_log" | "stop" | "uninstall" | "connect" | "chat" | "conversation" | "title" | "compact" | "export" | "import";

export type TaskSubject = { 
/**
 * Its kind.
 */
kind: TaskKind, 
/**
 * The host it works on.
 */
host_id: HostId | null, 
/**
 * The conversation it answers in.
 */
session_id: SessionId | null, 
/**
 * The message it writes.
 */
message_id: MessageId | null, };

export type TaskResult = { "type": "check", "data": PreflightReport } | { "type": "plan", "data": PlannedDeploy } | { "type": "hub", "data": HubListing } | { "type": "diagnose", "data": Diagnosis } | { "type": "deploy", "data": DeployResult } | { "type": "versions", "data": VersionList } | { "type": "rollback", "data": RolledBack } | { "type": "clean", "data": Cleaned } | { "type": "engine_log" } | { "type": "stop", "data": Stopped } | { "type": "uninstall", "data": Uninstalled } | { "type": "connect", "data": ConnectionStatus } | { "type": "chat", "data": ChatResult } | { "type": "conversation", "data": ConversationProgress } | { "type": "title", "data": Session } | { "type": "compact", "data": Compaction } | { "type": "export", "data": Exported } | { "type": "import", "data": Imported };

export type Uninstalled = { 
/**
 * Bytes freed on the host.
 */
removed_bytes: number, };

export type Stopped = { 
/**
 * Whether it ran.
 */
was_running: boolean, };

export type ChatResult = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * The answer; its whole text is in the database.
 */
message_id: MessageId, 
/**
 * True when the user stopped it; the partial text is kept.
 */
stopped: boolean, 
/**
 * Figures.
 */
stats: AnswerStats, };

export type TaskState = "queued" | "running" | "cancelling" | "done" | "failed";

export type TaskInfo = { 
/**
 * Its id.
 */
request_id: RequestId, 
/**
 * What it is about.
 */
subject: TaskSubject, 
/**
 * Where it is.
 */
state: TaskState, 
/**
 * When it was taken in, ms since the epoch.
 */
queued_at: number, 
/**
 * When it began, ms since the epoch.
 */
started_at: number | null, 
/**
 * When it ended, ms since the epoch.
 */
ended_at: number | null, 
/**
 * The steps so far, for a window that comes later.
 */
steps: Array<StepProgress>, 
/**
 * Open question, if it waits for the user.
 */
prompt: Prompt | null, 
/**
 * Its terminal message, once ended.
 */
outcome: TaskOutcome | null, };

export type TaskOutcome = { "type": "complete", "data": TaskResult } | { "type": "error", "data": ErrorInfo };

export type TaskStats = { 
/**
 * The kind.
 */
kind: TaskKind, 
/**
 * How many may run at once.
 */
limit: number, 
/**
 * Waiting now.
 */
queued: number, 
/**
 * Running now.
 */
running: number, 
/**
 * Ended well.
 */
done: number, 
/**
 * Ended with an error, cancellation included.
 */
failed: number, 
/**
 * Median duration of the last 256 ended ones, milliseconds.
 */
p50_ms: number | null, 
/**
 * 95th percentile of the same, milliseconds.
 */
p95_ms: number | null, };

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogLine = { 
/**
 * How much it matters.
 */
level: LogLevel, 
/**
 * Which part spoke: `ssh`, `deploy`, `host` (the script on the host), `engine`, `chat`, `store`…
 */
target: string, 
/**
 * The words; secrets are redacted.
 */
text: string, 
/**
 * The host it is about.
 */
host_id: HostId | null, };

export type LogRecord = { 
/**
 * Position in the program's stream of messages; 0 for lines of an earlier run.
 */
seq: number, 
/**
 * Milliseconds since the Unix epoch.
 */
timestamp: number, 
/**
 * The task that spoke, if one did.
 */
request_id: RequestId | null, 
/**
 * The line.
 */
line: LogLine, };

export type Prompt = { 
/**
 * Names it in the answer.
 */
prompt_id: PromptId, 
/**
 * The host it is about.
 */
host_id: HostId, 
/**
 * When the task stops waiting, ms since the epoch.
 */
expires_at: number, 
/**
 * What is asked.
 */
question: PromptQuestion, };

export type PromptQuestion = { "type": "host_key", "data": HostKeyQuestion } | { "type": "password", "data": PasswordQuestion } | { "type": "passphrase", "data": PassphraseQuestion } | { "type": "interactive", "data": InteractiveQuestion } | { "type": "bring", "data": BringQuestion };

export type HostKeyQuestion = { 
/**
 * The name or address dialled.
 */
address: string, 
/**
 * The port.
 */
port: number, 
/**
 * For example `ssh-ed25519`.
 */
algorithm: string, 
/**
 * `SHA256:…`, as `ssh-keygen -lf` prints it.
 */
fingerprint: string, 
/**
 * The picture of the key that `ssh-keygen -lv` draws: 11 lines.
 */
randomart: string, 
/**
 * Set when the host is on record with keys of other types only (it offers a new algorithm):
 * the file and line of the first of them, `FILE:LINE`. Then it is a warning of its own.
 */
known_by_other_key: string | null, };

export type PasswordQuestion = { 
/**
 * The login name.
 */
user: string, 
/**
 * The name or address dialled.
 */
address: string, 
/**
 * From 1; above 1 the last one was refused.
 */
attempt: number, };

export type PassphraseQuestion = { 
/**
 * The key file.
 */
path: string, 
/**
 * From 1; above 1 the last one was wrong.
 */
attempt: number, };

export type InteractiveQuestion = { 
/**
 * The login name.
 */
user: string, 
/**
 * The name or address dialled.
 */
address: string, 
/**
 * The server's title, often empty.
 */
title: string, 
/**
 * The server's instructions, often empty.
 */
instructions: string, 
/**
 * Its questions, at least one.
 */
fields: Array<InteractiveField>, };

export type InteractiveField = { 
/**
 * In the server's words, for example `Verification code: `.
 */
label: string, 
/**
 * Whether the answer may be shown while it is typed.
 */
echo: boolean, };

export type BringQuestion = { 
/**
 * What would be uploaded.
 */
parts: Array<Brought>, 
/**
 * Below this directory of the host, and nowhere else.
 */
directory: string, };

export type PromptReply = { "type": "accept" } | { "type": "secret", "data": { 
/**
 * The secret; it goes nowhere but to the asking task and, if `remember`, the keychain.
 */
value: string, 
/**
 * Keep it in the keychain.
 */
remember: boolean, } } | { "type": "answers", "data": { 
/**
 * In the order of the fields.
 */
values: Array<string>, } } | { "type": "decline" };

export type PromptAnswer = { 
/**
 * Which question.
 */
prompt_id: PromptId, 
/**
 * The answer.
 */
reply: PromptReply, };

export type PromptClosed = { 
/**
 * Which question.
 */
prompt_id: PromptId, };

export type HostAddress = { "type": "local" } | { "type": "ssh", "data": SshAddress };

export type SshAddress = { 
/**
 * The line as it was typed: an alias, `user@host`, `user@alias:port`. This is what is dialled;
 * the three fields below say what it stood for when it was added.
 */
line: string, 
/**
 * The login name.
 */
user: string, 
/**
 * Name or address.
 */
host: string, 
/**
 * Port.
 */
port: number, 
/**
 * Key file to try first; else the agent and the usual files.
 */
identity: string | null, 
/**
 * `SHA256:…` accepted without asking while the key is unknown.
 */
accepted_fingerprint: string | null, };

export type Host = { 
/**
 * Its id; `local` is this computer.
 */
id: HostId, 
/**
 * Its unique name.
 */
name: string, 
/**
 * How it is reached.
 */
address: HostAddress, 
/**
 * When it was added, ms since the epoch.
 */
created_at: number, 
/**
 * Whether its tunnel starts with Slipway.
 */
keep: boolean, 
/**
 * The directory on it for all that Slipway keeps there; the usual one when absent.
 */
directory: string | null, };

export type HostView = { 
/**
 * The host.
 */
host: Host, 
/**
 * What was deployed last, if anything.
 */
deployment: Deployment | null, 
/**
 * Why the last deploy failed, until one works.
 */
last_error: ErrorInfo | null, };

export type HostAdd = { 
/**
 * `user@host[:port]`, `host`, an alias of `~/.ssh/config`, or `local`.
 */
address: string, 
/**
 * A name of its own; else the host or alias.
 */
name: string | null, 
/**
 * Key file to try first.
 */
identity: string | null, 
/**
 * `SHA256:…` accepted without asking while the key is unknown.
 */
accepted_fingerprint: string | null, };

export type HostRename = { 
/**
 * Which.
 */
host_id: HostId, 
/**
 * The new name, unique.
 */
name: string, };

export type HostKeep = { 
/**
 * Which.
 */
host_id: HostId, 
/**
 * Whether its tunnel starts with Slipway from now on.
 */
keep: boolean, };

export type HostSuggestion = { 
/**
 * The alias.
 */
alias: string, 
/**
 * What it stands for, `user@host:port`.
 */
address: string, 
/**
 * Key file named there.
 */
identity: string | null, 
/**
 * The jumps in between, `user@host:port` each, in order.
 */
jumps: Array<string>, };

export type EngineKind = "llama_cpp" | "vllm" | "mlx" | "ollama" | "container" | "custom";

export type EngineChoice = { "type": "auto" } | { "type": "llama_cpp", "data": { 
/**
 * A `llama-server` on the host; the plan's choice when absent.
 */
binary: string | null, } } | { "type": "vllm", "data": { 
/**
 * A version of its own, for example `0.11.0`; the newest that the driver serves when absent.
 */
version: string | null, } } | { "type": "mlx", "data": { 
/**
 * A version of its own; the newest when absent.
 */
version: string | null, } } | { "type": "ollama", "data": { 
/**
 * The release archive to unpack when the host has no Ollama.
 */
archive: OllamaArchive | null, } } | { "type": "container", "data": ContainerEngine } | { "type": "custom", "data": CustomEngine };

export type OllamaArchive = { 
/**
 * The `.tgz` or `.tar.zst`, over http or https.
 */
url: string, 
/**
 * Its SHA-256 in hex.
 */
sha256: string, };

export type ContainerEngine = { 
/**
 * `docker` or `podman`; the one that works when absent.
 */
tool: string | null, 
/**
 * What is in the image: `llama_cpp` or `vllm`.
 */
serves: EngineKind, 
/**
 * The image; the engine's own project's when absent.
 */
image: string | null, };

export type CustomEngine = { 
/**
 * Program and arguments.
 */
command: Array<string>, 
/**
 * Added to the environment.
 */
environment: { [key in string]: string }, 
/**
 * Whether it asks for the deployment's key.
 */
key: boolean, 
/**
 * Answers 200 when it is ready; `/health` when absent.
 */
health_path: string | null, };

export type Severity = "ok" | "warn" | "error";

export type Finding = { 
/**
 * How it weighs.
 */
severity: Severity, 
/**
 * Stable name, for example `python_ok`; what an override names.
 */
code: string, 
/**
 * What it is about, in one or two words.
 */
subject: Text, 
/**
 * The sentence.
 */
message: Text, 
/**
 * What to do, empty when nothing.
 */
fix: Text, 
/**
 * The command that does it on the host, if there is one.
 */
command: string | null, 
/**
 * Whether the user may go on in spite of it.
 */
can_override: boolean, };

export type Gpu = { 
/**
 * `nvidia`, `amd` or `apple`.
 */
vendor: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Memory in MiB.
 */
memory_total_mb: number | null, 
/**
 * Free memory in MiB.
 */
memory_free_mb: number | null, 
/**
 * Driver version.
 */
driver: string | null, 
/**
 * For example `8.9`.
 */
compute_capability: string | null, 
/**
 * Whether its memory is the computer's.
 */
unified: boolean, };

export type GpuProcess = { 
/**
 * Its id on the host.
 */
pid: number, 
/**
 * Its name.
 */
name: string, 
/**
 * MiB that it holds.
 */
memory_mb: number | null, };

export type PythonFound = { 
/**
 * Where.
 */
path: string, 
/**
 * Which.
 */
version: string, 
/**
 * Whether it can make environments of its own.
 */
venv_works: boolean, 
/**
 * Whether Slipway brought it.
 */
brought: boolean, };

export type DirectoryFound = { 
/**
 * The directory that would be used, absolute.
 */
path: string, 
/**
 * Bytes free there.
 */
free_bytes: number, 
/**
 * Bytes in all there.
 */
total_bytes: number | null, };

export type ForwardingFound = { 
/**
 * To TCP ports.
 */
tcp: boolean, 
/**
 * To unix sockets.
 */
socket: boolean, };

export type PreflightReport = { 
/**
 * For example `Debian GNU/Linux 12`.
 */
os: string, 
/**
 * For example `x86_64`.
 */
arch: string, 
/**
 * For example `glibc 2.36`; absent if unknown.
 */
libc: string | null, 
/**
 * Processor name.
 */
cpu: string, 
/**
 * Processor cores.
 */
cores: number, 
/**
 * What the processor can do that engines ask for, for example `avx2`.
 */
cpu_features: Array<string>, 
/**
 * Bytes of memory.
 */
memory_total_bytes: number, 
/**
 * Bytes of free memory.
 */
memory_available_bytes: number, 
/**
 * Bytes free where Slipway would write.
 */
disk_free_bytes: number, 
/**
 * Files that may still be made there; absent where the file system has no such limit.
 */
inodes_free: number | null, 
/**
 * The directory that Slipway would use.
 */
root: string, 
/**
 * Other places with room, most first.
 */
directories: Array<DirectoryFound>, 
/**
 * The Python that would be used.
 */
python: string | null, 
/**
 * All that were found.
 */
pythons: Array<PythonFound>, 
/**
 * Graphics processors.
 */
gpus: Array<Gpu>, 
/**
 * The newest CUDA that the driver serves.
 */
cuda: string | null, 
/**
 * What else holds memory of the graphics processors.
 */
gpu_processes: Array<GpuProcess>, 
/**
 * `docker` and `podman`, as far as they can be used.
 */
containers: Array<string>, 
/**
 * The version of the host's Ollama.
 */
ollama: string | null, 
/**
 * A `llama-server` of the host.
 */
llama_server: string | null, 
/**
 * Whether the package index answers; absent when that was not tried.
 */
index_reachable: boolean | null, 
/**
 * What the SSH server lets through; absent for this computer, or when it was not tried.
 */
forwarding: ForwardingFound | null, 
/**
 * How far the host's clock is ahead of this one's, seconds.
 */
clock_skew_s: number | null, 
/**
 * The lines, worst first.
 */
findings: Array<Finding>, };

export type DeployStep = "connect" | "check" | "directory" | "upload" | "run" | "verify" | "finish";

export type StepState = "running" | "done" | "failed";

export type StepProgress = { 
/**
 * Which.
 */
step: DeployStep, 
/**
 * Where it is.
 */
state: StepState, 
/**
 * When it began, ms since the epoch.
 */
started_at: number, 
/**
 * How long it took, once ended.
 */
elapsed_ms: number | null, 
/**
 * What there is to know, for example `96 KB, sha256 matches`.
 */
detail: Text | null, 
/**
 * What the step does now, with its bytes.
 */
activity: Activity | null, };

export type Activity = { 
/**
 * For example `Downloading the model`.
 */
label: Text, 
/**
 * Bytes so far, if it is counted in bytes.
 */
done_bytes: number | null, 
/**
 * Bytes in all, if known.
 */
total_bytes: number | null, };

export type ModelSource = { "type": "practice" } | { "type": "host_path", "data": string } | { "type": "local_file", "data": string } | { "type": "url", "data": { 
/**
 * http or https.
 */
url: string, 
/**
 * Hex digest.
 */
sha256: string | null, } } | { "type": "hugging_face", "data": HubModel } | { "type": "ollama", "data": string };

export type HubModel = { 
/**
 * `OWNER/NAME`.
 */
repo: string, 
/**
 * A GGUF file there (the first part of a split one); the safetensors when absent.
 */
file: string | null, 
/**
 * A branch, tag or commit; the default branch when absent.
 */
revision: string | null, };

export type HubQuery = { 
/**
 * The host that would serve it; it is asked from there, or from here if it has no way out.
 */
host_id: HostId, 
/**
 * `OWNER/NAME`.
 */
repo: string, 
/**
 * A branch, tag or commit; the default branch when absent.
 */
revision: string | null, };

export type HubListing = { 
/**
 * `OWNER/NAME`.
 */
repo: string, 
/**
 * The commit that was listed.
 */
commit: string, 
/**
 * Whether its owner has to let one in.
 */
gated: boolean, 
/**
 * Whether it is hidden from others.
 */
private: boolean, 
/**
 * Smallest first.
 */
choices: Array<HubChoice>, 
/**
 * Whether this computer was asked because the host has no way to the hub.
 */
from_here: boolean, };

export type HubChoice = { 
/**
 * The GGUF file; absent for the safetensors.
 */
file: string | null, 
/**
 * For example `Q4_K_M`.
 */
quantisation: string | null, 
/**
 * Bytes of all its parts.
 */
bytes: number, 
/**
 * Number of files.
 */
parts: number, };

export type HubTokenSet = { 
/**
 * The token, kept in the keychain; absent to forget it.
 */
token: string | null, };

export type DeployRequest = { 
/**
 * Where to.
 */
host_id: HostId, 
/**
 * What to serve.
 */
model: ModelSource, 
/**
 * With what; the plan decides when left out.
 */
engine: EngineChoice, 
/**
 * Tokens that one conversation may use; the model's own when absent.
 */
context_size: number | null, 
/**
 * Answers at once; 4 when absent.
 */
parallel: number | null, 
/**
 * Layers that the graphics processor computes; the engine's choice when absent.
 */
gpu_layers: number | null, 
/**
 * Another directory on the host for all that Slipway keeps there; absolute. The one that the
 * host has, or the usual one, when absent.
 */
directory: string | null, 
/**
 * Codes of findings that stop a deploy and shall not stop this one.
 */
overrides: Array<string>, 
/**
 * Whether what the host lacks and cannot fetch (Python, packages, the model) may be brought
 * from this computer; asked when absent and needed.
 */
bring: boolean | null, };

export type Deployment = { 
/**
 * Where.
 */
host_id: HostId, 
/**
 * For example `llama.cpp`.
 */
engine: string, 
/**
 * Which engine that is.
 */
engine_kind: EngineKind, 
/**
 * The engine's version.
 */
engine_version: string, 
/**
 * The model's label.
 */
model: string, 
/**
 * Whether it is the practice model.
 */
practice: boolean, 
/**
 * Tokens of context per slot, once verified.
 */
context_size: number | null, 
/**
 * Where the model came from, so that it can be deployed again.
 */
source: ModelSource, 
/**
 * The engine that was asked for, so that it can be deployed again.
 */
choice: EngineChoice, 
/**
 * The version's name on the host; absent if it was deployed before there were versions.
 */
version: string | null, 
/**
 * What keeps it running: `supervisor`, `systemd` or `launchd`.
 */
keeper: string | null, 
/**
 * What computes, as the engine says; absent when it does not tell.
 */
device: Device | null, 
/**
 * Whether it listens on a unix socket instead of a port of the host.
 */
socket: boolean, 
/**
 * When it was deployed, ms since the epoch.
 */
deployed_at: number, 
/**
 * Time to the first token when it was verified.
 */
first_token_ms: number | null, 
/**
 * Tokens per second when it was verified.
 */
tokens_per_second: number | null, 
/**
 * Tokens of the prompt per second when it was verified.
 */
prompt_tokens_per_second: number | null, };

export type DeployResult = { 
/**
 * What runs now.
 */
deployment: Deployment, 
/**
 * Every step with its time.
 */
steps: Array<StepTiming>, 
/**
 * The whole, milliseconds.
 */
total_ms: number, 
/**
 * False when nothing had to be installed.
 */
changed: boolean, 
/**
 * What the model said in the verifying completion.
 */
sample: string, };

export type StepTiming = { 
/**
 * Which.
 */
step: DeployStep, 
/**
 * Milliseconds.
 */
elapsed_ms: number, };

export type Device = "cpu" | "gpu";

export type PlannedDeploy = { 
/**
 * What the host has.
 */
report: PreflightReport, 
/**
 * What would be done. Absent when the host is too bare to tell: the report says why.
 */
plan: DeployPlan | null, };

export type DeployPlan = { 
/**
 * What was asked for.
 */
request: DeployRequest, 
/**
 * The engine as it would be used; never [`EngineChoice::Auto`].
 */
engine: EngineChoice, 
/**
 * For people, for example `llama.cpp 2026.10.11549`.
 */
engine_label: string, 
/**
 * Why this engine, for example `no graphics card: llama.cpp`.
 */
reason: Text, 
/**
 * Every engine, the chosen one included, best first.
 */
engines: Array<EngineOption>, 
/**
 * What would compute; absent when only the engine itself knows.
 */
device: Device | null, 
/**
 * For people: the model's file, repository or name.
 */
model_label: string, 
/**
 * Tokens that one conversation may use; absent for the model's own.
 */
context_size: number | null, 
/**
 * Answers at once.
 */
parallel: number, 
/**
 * Whether it fits into the memory; absent when nothing is known of the model yet.
 */
fit: Fit | null, 
/**
 * What comes from this computer, because the host has no way to it.
 */
brought: Array<Brought>, 
/**
 * The directory on the host.
 */
directory: string, 
/**
 * Whether the engine would be closed to other users of the host by a unix socket.
 */
socket: boolean, 
/**
 * What would keep the server running: `supervisor`, `systemd` or `launchd`.
 */
keeper: string, };

export type EngineOption = { 
/**
 * Which.
 */
kind: EngineKind, 
/**
 * Whether it can serve this model on this host.
 */
usable: boolean, 
/**
 * Why, or why not.
 */
reason: Text, };

export type Brought = { 
/**
 * What.
 */
what: BroughtPart, 
/**
 * Bytes, if known.
 */
bytes: number | null, 
/**
 * Why.
 */
reason: Text, };

export type BroughtPart = "python" | "engine" | "model";

export type Fit = { 
/**
 * What it was reckoned for.
 */
device: Device, 
/**
 * Bytes free there; absent when the host does not tell.
 */
free_bytes: number | null, 
/**
 * Bytes in all there.
 */
total_bytes: number | null, 
/**
 * The longest context that the model was trained for, tokens.
 */
context_train: number | null, 
/**
 * For example `Q4_K_M`.
 */
quantisation: string | null, 
/**
 * Shortest first; the one that would be used is among them.
 */
contexts: Array<ContextFit>, };

export type ContextFit = { 
/**
 * Tokens.
 */
context_size: number, 
/**
 * The model itself.
 */
weights_bytes: number, 
/**
 * Keys and values of the context.
 */
kv_cache_bytes: number, 
/**
 * Buffers of the computation.
 */
compute_bytes: number, 
/**
 * The engine's own.
 */
runtime_bytes: number, 
/**
 * All of it.
 */
total_bytes: number, 
/**
 * What that means.
 */
verdict: FitVerdict, };

export type FitVerdict = "fits" | "tight" | "too_big" | "unknown";

export type VersionList = { 
/**
 * Newest first.
 */
versions: Array<DeployedVersion>, 
/**
 * Bytes of everything that Slipway keeps on the host.
 */
total_bytes: number, 
/**
 * Bytes that `clean_start` would free.
 */
unused_bytes: number, 
/**
 * Bytes free on that disk.
 */
disk_free_bytes: number | null, 
/**
 * Where it is.
 */
directory: string, };

export type VersionRole = "candidate" | "current" | "previous" | "old";

export type DeployedVersion = { 
/**
 * Its name on the host.
 */
version: string, 
/**
 * What it is.
 */
role: VersionRole, 
/**
 * Whether it runs now.
 */
running: boolean, 
/**
 * Whether its engine and model are still there and its record is readable.
 */
usable: boolean, 
/**
 * When it was installed, ms since the epoch.
 */
created_at: number | null, 
/**
 * For example `llama.cpp 2026.10.11549`.
 */
engine: string | null, 
/**
 * The model's label.
 */
model: string | null, 
/**
 * Tokens that one conversation may use.
 */
context_size: number | null, 
/**
 * Bytes of its model.
 */
model_bytes: number | null, };

export type RollbackRequest = { 
/**
 * Where.
 */
host_id: HostId, 
/**
 * The version to go back to; the previous one when absent.
 */
version: string | null, };

export type RolledBack = { 
/**
 * What is served now.
 */
version: string, 
/**
 * What was served before.
 */
left: string | null, 
/**
 * The model served now.
 */
model: string, 
/**
 * Milliseconds from the command to an engine that answers.
 */
total_ms: number, };

export type CleanRequest = { 
/**
 * Where.
 */
host_id: HostId, 
/**
 * Only tell what would go.
 */
dry_run: boolean, };

export type Cleaned = { 
/**
 * Paths on the host, with their bytes.
 */
removed: Array<CleanedPath>, 
/**
 * Bytes in all.
 */
removed_bytes: number, 
/**
 * Whether nothing was removed yet.
 */
dry_run: boolean, };

export type CleanedPath = { 
/**
 * The path on the host.
 */
path: string, 
/**
 * Its bytes.
 */
bytes: number, };

export type UninstallRequest = { 
/**
 * Where.
 */
host_id: HostId, 
/**
 * Leave the model files for the next deploy.
 */
keep_models: boolean, };

export type EngineLogRequest = { 
/**
 * Whose.
 */
host_id: HostId, 
/**
 * So many of the latest lines first, up to 5000.
 */
lines: number, 
/**
 * Whether new lines follow until the task is cancelled.
 */
follow: boolean, };

export type HostGauges = { 
/**
 * When, ms since the epoch.
 */
at: number, 
/**
 * Its graphics processors.
 */
gpus: Array<GpuGauge>, 
/**
 * Bytes of memory.
 */
memory_total_bytes: number | null, 
/**
 * Bytes of memory in use.
 */
memory_used_bytes: number | null, 
/**
 * Bytes of the disk that Slipway's directory is on.
 */
disk_total_bytes: number | null, 
/**
 * Bytes free there.
 */
disk_free_bytes: number | null, 
/**
 * Bytes of memory that the engine holds.
 */
engine_memory_bytes: number | null, 
/**
 * Answers at once that the engine can give.
 */
slots_total: number | null, 
/**
 * Answers that it gives now.
 */
slots_busy: number | null, 
/**
 * Requests that wait for a slot.
 */
queue: number | null, 
/**
 * Part of the context memory in use, 0 to 1.
 */
kv_cache_used: number | null, };

export type GpuGauge = { 
/**
 * Its name.
 */
name: string, 
/**
 * Part of the time that it computes, 0 to 1.
 */
used: number | null, 
/**
 * Memory in use, MiB.
 */
memory_used_mb: number | null, 
/**
 * Memory in all, MiB.
 */
memory_total_mb: number | null, };

export type ConnectionState = "connecting" | "authenticating" | "waiting_for_user" | "loading" | "connected" | "degraded" | "reconnecting" | "disconnected" | "needs_attention";

export type ConnectionStatus = { 
/**
 * Which host.
 */
host_id: HostId, 
/**
 * The task that holds it.
 */
request_id: RequestId, 
/**
 * Its state.
 */
state: ConnectionState, 
/**
 * Why it is not simply connected.
 */
reason: ErrorInfo | null, 
/**
 * `http://127.0.0.1:PORT`, stable across reconnects.
 */
local_url: string | null, 
/**
 * The model it serves.
 */
model: string | null, 
/**
 * Tokens of context per slot.
 */
context_size: number | null, 
/**
 * All models that it offers, read again at each check.
 */
models: Array<ServedModel>, 
/**
 * When this state began, ms since the epoch.
 */
since: number, 
/**
 * Round trip of the SSH keep-alive, milliseconds; of /health for this computer.
 */
round_trip_ms: number | null, 
/**
 * Times that the link was rebuilt.
 */
reconnects: number, 
/**
 * Number of the attempt under way while reconnecting, from 1.
 */
attempt: number | null, 
/**
 * When the next attempt starts, ms since the epoch.
 */
next_attempt_at: number | null, 
/**
 * Streams open in the tunnel.
 */
open_streams: number, 
/**
 * Bytes received through the tunnel.
 */
bytes_down: number, 
/**
 * Bytes sent through the tunnel.
 */
bytes_up: number, 
/**
 * What host and engine are busy with, as of some seconds ago.
 */
gauges: HostGauges | null, 
/**
 * The last thing that went wrong, also when it has healed since.
 */
last_error: ErrorInfo | null, 
/**
 * When it went wrong, ms since the epoch.
 */
last_error_at: number | null, };

export type ServedModel = { 
/**
 * The name to ask for it by.
 */
id: string, 
/**
 * Whether it is in memory now; absent where the engine does not tell.
 */
loaded: boolean | null, 
/**
 * Tokens that its context holds.
 */
context_size: number | null, 
/**
 * Whether it takes pictures; absent where the engine does not tell.
 */
vision: boolean | null, };

export type ConnectionSpan = { 
/**
 * The state.
 */
state: ConnectionState, 
/**
 * When it began, ms since the epoch.
 */
from: number, 
/**
 * When it ended; absent for the present one.
 */
until: number | null, 
/**
 * Why it was in it.
 */
reason: ErrorInfo | null, };

export type TunnelSample = { 
/**
 * When, ms since the epoch.
 */
at: number, 
/**
 * Round trip of the SSH keep-alive, milliseconds.
 */
round_trip_ms: number | null, 
/**
 * Streams open.
 */
open_streams: number, 
/**
 * Bytes received so far.
 */
bytes_down: number, 
/**
 * Bytes sent so far.
 */
bytes_up: number, };

export type ConnectionHistory = { 
/**
 * States in order, the present one last. Empty when it was never connected.
 */
spans: Array<ConnectionSpan>, 
/**
 * Samples in order, one each 5 s while connected.
 */
samples: Array<TunnelSample>, };

export type DiagnosisLink = "network" | "name" | "port" | "ssh" | "login" | "forwarding" | "engine" | "health" | "model";

export type LinkState = "ok" | "warn" | "broken" | "skipped";

export type LinkFinding = { 
/**
 * Which.
 */
link: DiagnosisLink, 
/**
 * How it was found.
 */
state: LinkState, 
/**
 * What was found, in a sentence; also for a good link ("192.0.2.40, 3 ms").
 */
message: Text, 
/**
 * Of a broken link: what it means and what to do.
 */
fault: ErrorInfo | null, 
/**
 * How long the look took, milliseconds.
 */
took_ms: number, };

export type Diagnosis = { 
/**
 * Of which host.
 */
host_id: HostId, 
/**
 * When it was made, ms since the epoch.
 */
at: number, 
/**
 * Every link, in order.
 */
links: Array<LinkFinding>, };

export type Sampling = { 
/**
 * 0 to 2.
 */
temperature: number | null, 
/**
 * 0 to 1.
 */
top_p: number | null, 
/**
 * From 0; 0 means all.
 */
top_k: number | null, 
/**
 * 0 to 1 (llama.cpp, vLLM).
 */
min_p: number | null, 
/**
 * 0 to 2; 1 is off (llama.cpp, vLLM).
 */
repeat_penalty: number | null, 
/**
 * From 1.
 */
max_tokens: number | null, 
/**
 * For repeatable answers.
 */
seed: number | null, 
/**
 * Texts that end the answer, up to 4, none empty.
 */
stop: Array<string>, 
/**
 * A JSON schema, as text, that the answer must follow.
 */
json_schema: string | null, 
/**
 * A GBNF grammar that the answer must follow (llama.cpp). Not beside `json_schema`.
 */
grammar: string | null, };

export type ChatSettings = { 
/**
 * Instructions before the conversation; empty for none. Up to 64 KiB.
 */
system_prompt: string, 
/**
 * Sampling.
 */
sampling: Sampling, 
/**
 * What is done when the context is nearly full.
 */
overflow: Overflow, };

export type Overflow = "ask" | "drop_oldest" | "summarise";

export type ChatSend = { 
/**
 * The conversation; a new one when absent.
 */
session_id: SessionId | null, 
/**
 * Which host's model answers.
 */
host_id: HostId, 
/**
 * Which of its models; the one it serves when absent.
 */
model: string | null, 
/**
 * What the user wrote. May be empty when there are attachments.
 */
text: string, 
/**
 * Files that were added with `attachment_add`, in order.
 */
attachments: Array<AttachmentId>, 
/**
 * How it is answered; kept with the conversation.
 */
settings: ChatSettings, 
/**
 * The user's message that this is another version of: it becomes its sibling, and the
 * conversation goes on from it.
 */
replaces: MessageId | null, 
/**
 * Ask for a stream (true) or for the whole answer at once.
 */
stream: boolean, };

export type ChatRetry = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * The answer; the last one shown when absent.
 */
message_id: MessageId | null, 
/**
 * Which host's model answers.
 */
host_id: HostId, 
/**
 * Which of its models; the one it serves when absent.
 */
model: string | null, 
/**
 * How it is answered; kept with the conversation.
 */
settings: ChatSettings, };

export type QueuedMessage = { 
/**
 * Its id.
 */
id: QueuedId, 
/**
 * What will be sent; its `session_id` is set.
 */
send: ChatSend, 
/**
 * When it was written, ms since the epoch.
 */
created_at: number, };

export type QueuePut = { 
/**
 * The queued message to change; a new one when absent.
 */
id: QueuedId | null, 
/**
 * What will be sent; its `session_id` is set.
 */
send: ChatSend, };

export type QueueRef = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * Which.
 */
id: QueuedId, };

export type ChatMeasure = { 
/**
 * What would be sent.
 */
send: ChatSend, };

export type ContextUse = { 
/**
 * Tokens of the whole prompt: instructions, conversation and the new message.
 */
prompt_tokens: number, 
/**
 * Tokens of the new message alone, with its attachments.
 */
message_tokens: number, 
/**
 * Whether the engine counted; else they are estimated from the text's length.
 */
exact: boolean, 
/**
 * Tokens that the model's context holds, if the server says.
 */
context_size: number | null, };

export type ChatStarted = { 
/**
 * The task that writes the answer.
 */
request_id: RequestId, 
/**
 * The conversation, as it is now.
 */
session: Session, 
/**
 * The user's message.
 */
user_message: Message, 
/**
 * The answer, empty yet.
 */
answer: Message, };

export type Chunk = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * The answer it belongs to.
 */
message_id: MessageId, 
/**
 * Which of the answer's texts it belongs to.
 */
part: ChunkPart, 
/**
 * Where in that text it starts, in UTF-16 code units: a window that has more or less
 * knows so. UTF-16 because that is how JavaScript counts.
 */
offset: number, 
/**
 * The text.
 */
text: string, };

export type ChunkPart = "content" | "reasoning";

export type AnswerStats = { 
/**
 * Tokens of the prompt.
 */
prompt_tokens: number | null, 
/**
 * Tokens of the answer.
 */
completion_tokens: number | null, 
/**
 * From the request to the first piece, milliseconds.
 */
first_token_ms: number | null, 
/**
 * The whole, milliseconds.
 */
total_ms: number | null, 
/**
 * Speed of generation.
 */
tokens_per_second: number | null, 
/**
 * Speed of reading the prompt.
 */
prompt_tokens_per_second: number | null, 
/**
 * `stop`, `length`… as the engine says.
 */
finish_reason: string | null, 
/**
 * Tokens of the prompt that the engine had computed before.
 */
cached_tokens: number | null, 
/**
 * From the request to when the engine began with it, milliseconds: time in a queue.
 */
queue_ms: number | null, 
/**
 * How long the model thought before it spoke, milliseconds.
 */
reasoning_ms: number | null, 
/**
 * Tokens that the context holds, as the server said when it answered.
 */
context_size: number | null, 
/**
 * How a broken answer was gone on with, if it was.
 */
continued: Continued | null, };

export type Continued = "prefill" | "new_turn";

export type SessionKind = "chat" | "compare" | "conversation";

export type Session = { 
/**
 * Its id.
 */
id: SessionId, 
/**
 * Its title: the first words of the first message until renamed.
 */
title: string, 
/**
 * The host it talked to last.
 */
host_id: HostId | null, 
/**
 * The model it talked to last.
 */
model: string | null, 
/**
 * When it began, ms since the epoch.
 */
created_at: number, 
/**
 * When it last changed, ms since the epoch.
 */
updated_at: number, 
/**
 * Pinned to the top.
 */
pinned: boolean, 
/**
 * Number of messages, over all versions.
 */
message_count: number, 
/**
 * What it is.
 */
kind: SessionKind, 
/**
 * The folder it lies in.
 */
folder_id: FolderId | null, 
/**
 * Out of the way, but not deleted.
 */
archived: boolean, 
/**
 * Its tags, sorted.
 */
tags: Array<string>, 
/**
 * Whether a person wrote the title; the model does not change it then.
 */
titled: boolean, 
/**
 * The comparison that it is a column of.
 */
group_id: SessionId | null, 
/**
 * Which column, from 0.
 */
column: number | null, 
/**
 * Where its last message is.
 */
last_state: MessageState | null, };

export type Role = "system" | "user" | "assistant";

export type MessageState = "streaming" | "complete" | "stopped" | "failed" | "interrupted";

export type Message = { 
/**
 * Its id.
 */
id: MessageId, 
/**
 * Its conversation.
 */
session_id: SessionId, 
/**
 * The message before it; absent for the first.
 */
parent_id: MessageId | null, 
/**
 * Depth in the tree, from 0: the place in the conversation as it is shown.
 */
position: number, 
/**
 * All messages with the same parent, oldest first, this one included: its versions. Empty
 * where it is the only one.
 */
versions: Array<MessageId>, 
/**
 * Who speaks.
 */
role: Role, 
/**
 * Which participant of a conversation between models speaks, from 0; absent for the person.
 */
speaker: number | null, 
/**
 * The only participant of a conversation between models that a line of the person is for, from 0; for all
 * when absent.
 */
audience: number | null, 
/**
 * Whether it sums a conversation between models up: then it is none of its turns, and no turn hears it.
 */
summary: boolean, 
/**
 * Files sent with it.
 */
attachments: Array<Attachment>, 
/**
 * The text, Markdown for answers.
 */
content: string, 
/**
 * The model's reasoning, if it sends it apart.
 */
reasoning: string, 
/**
 * Where it is.
 */
state: MessageState, 
/**
 * The host that answered.
 */
host_id: HostId | null, 
/**
 * The model that answered.
 */
model: string | null, 
/**
 * When it began, ms since the epoch.
 */
created_at: number, 
/**
 * The task that writes or wrote it.
 */
request_id: RequestId | null, 
/**
 * Figures of an answer.
 */
stats: AnswerStats, 
/**
 * Why it failed.
 */
error: ErrorInfo | null, };

export type Attachment = { 
/**
 * Its id.
 */
id: AttachmentId, 
/**
 * Its name, without a folder.
 */
name: string, 
/**
 * Its type, as in `text/plain`.
 */
mime: string, 
/**
 * What it is for the model.
 */
kind: AttachmentKind, 
/**
 * Bytes of what is sent: the text, or the picture.
 */
bytes: number, 
/**
 * Tokens, estimated: a quarter of the text's bytes. Absent for pictures.
 */
tokens: number | null, };

export type AttachmentKind = "text" | "image";

export type AttachmentAdd = { 
/**
 * Its name, 1 to 255 characters, without a folder.
 */
name: string, 
/**
 * Its type, as in `text/plain`.
 */
mime: string, 
/**
 * What it is for the model.
 */
kind: AttachmentKind, 
/**
 * Text as it is, up to 4 MiB; a picture (PNG, JPEG, WebP, GIF) in base64, up to 20 MiB.
 */
data: string, };

export type AttachmentRef = { 
/**
 * Which.
 */
attachment_id: AttachmentId, };

export type AttachmentContent = { 
/**
 * The text, or the picture in base64.
 */
data: string, };

export type Compaction = { 
/**
 * Its id.
 */
id: CompactionId, 
/**
 * The last message that it covers.
 */
until: MessageId, 
/**
 * What is sent instead; absent where the messages are simply left out.
 */
summary: string | null, 
/**
 * Tokens of what it covers, estimated.
 */
tokens_before: number, 
/**
 * Tokens of what is sent instead, estimated.
 */
tokens_after: number, 
/**
 * When it was made, ms since the epoch.
 */
created_at: number, };

export type SessionView = { 
/**
 * The conversation.
 */
session: Session, 
/**
 * How it is answered.
 */
settings: ChatSettings, 
/**
 * The messages of the branch that is shown, in order. An answer in the making holds all that
 * was received so far.
 */
messages: Array<Message>, 
/**
 * Whether the branch begins before these messages: only its last ones were asked for.
 */
earlier: boolean, 
/**
 * What is not sent any more, in order; the last one that lies on the branch counts.
 */
compactions: Array<Compaction>, 
/**
 * Messages that wait for the answer before them.
 */
queue: Array<QueuedMessage>, 
/**
 * The message that is being written, not sent yet.
 */
draft: Draft, 
/**
 * The participants and rules of a conversation between models.
 */
conversation: Conversation | null, 
/**
 * The columns of a comparison, in order.
 */
columns: Array<Session>, };

export type SessionRename = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * The new title, 1 to 200 characters.
 */
title: string, };

export type SessionPin = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * On top or not.
 */
pinned: boolean, };

export type SessionChange = { 
/**
 * Which.
 */
session_ids: Array<SessionId>, 
/**
 * Into this folder.
 */
folder_id: FolderId | null, 
/**
 * Out of its folder; not beside `folder_id`.
 */
no_folder: boolean, 
/**
 * Out of the way, or back.
 */
archived: boolean | null, 
/**
 * All its tags: up to 20, each 1 to 40 characters.
 */
tags: Array<string> | null, };

export type SessionConfigure = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * From now on.
 */
settings: ChatSettings, };

export type SessionDuplicate = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * Up to this message ("branch"); all of it, with all versions, when absent.
 */
until: MessageId | null, };

export type MessageRef = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * Which.
 */
message_id: MessageId, };

export type MessageEdit = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * Which.
 */
message_id: MessageId, 
/**
 * The new text.
 */
text: string, };

export type Draft = { 
/**
 * The text; empty for none.
 */
text: string, 
/**
 * The files beside it.
 */
attachments: Array<Attachment>, };

export type DraftPut = { 
/**
 * The conversation; a new one when absent.
 */
session_id: SessionId | null, 
/**
 * The text; empty for none.
 */
text: string, 
/**
 * The files beside it.
 */
attachments: Array<AttachmentId>, };

export type SessionCompact = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * Whose model writes the summary.
 */
host_id: HostId, 
/**
 * Write a summary (true) or simply leave them out.
 */
summarise: boolean, };

export type CompactionRef = { 
/**
 * The conversation.
 */
session_id: SessionId, 
/**
 * Which.
 */
compaction_id: CompactionId, };

export type Participant = { 
/**
 * Its name, 1 to 40 characters, unique in the conversation.
 */
name: string, 
/**
 * Whose model speaks.
 */
host_id: HostId, 
/**
 * Which of its models; the one it serves when absent.
 */
model: string | null, 
/**
 * Its instructions.
 */
system_prompt: string, 
/**
 * Sampling.
 */
sampling: Sampling, };

export type SpeakingOrder = "in_turn" | "random";

export type ConversationSetup = { 
/**
 * Two to four.
 */
participants: Array<Participant>, 
/**
 * Who speaks next.
 */
order: SpeakingOrder, 
/**
 * It ends after so many turns, 1 to 1000.
 */
turns: number, 
/**
 * It ends when all turns together have so many tokens; no such limit when absent.
 */
tokens: number | null, 
/**
 * It ends when a turn contains this text, whatever its case; empty for none.
 */
end_phrase: string, 
/**
 * What all are told first, as said by the person. Not empty.
 */
opening: string, 
/**
 * Who sums it up when its turns or tokens are used or the phrase has ended it, by place among the
 * participants; nobody when absent.
 */
summary_by: number | null, };

export type ConversationState = "ready" | "running" | "pausing" | "paused" | "finished" | "failed";

export type Conversation = { 
/**
 * Participants and rules.
 */
setup: ConversationSetup, 
/**
 * Where it is.
 */
state: ConversationState, 
/**
 * Turns that are over.
 */
turns_done: number, 
/**
 * Tokens that the turns had so far.
 */
tokens_used: number, 
/**
 * Who speaks now or next.
 */
next_speaker: number, };

export type ConversationPut = { 
/**
 * Which to change; a new one when absent.
 */
session_id: SessionId | null, 
/**
 * Participants and rules.
 */
setup: ConversationSetup, };

export type ConversationRun = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * Only so many turns ("step": 1); up to its limits when absent.
 */
steps: number | null, };

export type ConversationSay = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * The line.
 */
text: string, 
/**
 * Who alone hears it, by place among the participants; all when absent.
 */
audience: number | null, };

export type CompareStart = { 
/**
 * Who answers in each column.
 */
columns: Array<CompareColumn>, };

export type CompareColumn = { 
/**
 * Whose model.
 */
host_id: HostId, 
/**
 * Which of its models; the one it serves when absent.
 */
model: string | null, };

export type Folder = { 
/**
 * Its id.
 */
id: FolderId, 
/**
 * Its name, 1 to 80 characters, unique.
 */
name: string, };

export type FolderPut = { 
/**
 * The folder to rename; a new one when absent.
 */
id: FolderId | null, 
/**
 * Its name.
 */
name: string, };

export type FolderRef = { 
/**
 * Which.
 */
folder_id: FolderId, };

export type SessionQuery = { 
/**
 * The words.
 */
text: string, 
/**
 * Only what this host answered.
 */
host_id: HostId | null, 
/**
 * Only what this model answered.
 */
model: string | null, 
/**
 * Only in this folder.
 */
folder_id: FolderId | null, 
/**
 * Only with this tag.
 */
tag: string | null, 
/**
 * Only in this conversation ("find in chat"), or in the columns of this comparison: then hits
 * come in order, over the branch shown.
 */
session_id: SessionId | null, 
/**
 * Not before, ms since the epoch.
 */
from: number | null, 
/**
 * Not after, ms since the epoch.
 */
until: number | null, 
/**
 * Archived ones too.
 */
archived: boolean, 
/**
 * At most so many hits, 1 to 500.
 */
limit: number, };

export type SearchResult = { 
/**
 * The hits.
 */
hits: Array<SearchHit>, 
/**
 * Whether there are more than the limit.
 */
more: boolean, };

export type SearchHit = { 
/**
 * The conversation.
 */
session: Session, 
/**
 * The message; absent for a title.
 */
message_id: MessageId | null, 
/**
 * When it was written, ms since the epoch.
 */
at: number, 
/**
 * The text around, in pieces.
 */
snippet: Array<SnippetPiece>, };

export type SnippetPiece = { 
/**
 * The text.
 */
text: string, 
/**
 * Whether it is what was looked for.
 */
hit: boolean, };

export type Preset = { 
/**
 * Its id.
 */
id: PresetId, 
/**
 * Its name, 1 to 80 characters.
 */
name: string, 
/**
 * What it sets.
 */
settings: ChatSettings, };

export type PresetPut = { 
/**
 * Which to change; a new one when absent.
 */
id: PresetId | null, 
/**
 * Its name.
 */
name: string, 
/**
 * What it sets.
 */
settings: ChatSettings, };

export type PresetRef = { 
/**
 * Which.
 */
preset_id: PresetId, };

export type Snippet = { 
/**
 * Its id.
 */
id: SnippetId, 
/**
 * Its name: 1 to 40 letters, digits, `-` and `_`; unique.
 */
name: string, 
/**
 * The text; `{{word}}` is a place to fill in.
 */
text: string, };

export type SnippetPut = { 
/**
 * Which to change; a new one when absent.
 */
id: SnippetId | null, 
/**
 * Its name.
 */
name: string, 
/**
 * The text.
 */
text: string, };

export type SnippetRef = { 
/**
 * Which.
 */
snippet_id: SnippetId, };

export type ExportFormat = "json" | "markdown" | "html";

export type ExportRequest = { 
/**
 * Which; all of them, with folders, presets and texts, when empty: a backup.
 */
session_ids: Array<SessionId>, 
/**
 * As what. A backup is JSON.
 */
format: ExportFormat, 
/**
 * Where to, chosen by the user in a dialog.
 */
path: string, };

export type Exported = { 
/**
 * Conversations.
 */
sessions: number, 
/**
 * Bytes of the file.
 */
bytes: number, };

export type ImportRequest = { 
/**
 * The file, chosen by the user in a dialog: JSON, or ChatGPT's zip archive.
 */
path: string, };

export type ImportSource = "slipway" | "chat_gpt" | "open_web_ui";

export type Imported = { 
/**
 * Where the file came from.
 */
source: ImportSource, 
/**
 * Conversations that are new here.
 */
sessions_added: number, 
/**
 * Conversations that were here and got messages.
 */
sessions_extended: number, 
/**
 * Conversations that were here as they are in the file.
 */
sessions_unchanged: number, 
/**
 * Messages that are new here.
 */
messages_added: number, 
/**
 * What could not be read, one sentence for each, at most 100.
 */
skipped: Array<Text>, };

export type MetricsQuery = { 
/**
 * From, ms since the epoch.
 */
from: number, 
/**
 * Until, ms since the epoch.
 */
until: number, 
/**
 * Only this host.
 */
host_id: HostId | null, 
/**
 * Only this model.
 */
model: string | null, 
/**
 * In how many stretches of time the range is cut, 1 to 500.
 */
buckets: number, };

export type Metrics = { 
/**
 * All requests of the range.
 */
total: MetricsFigures, 
/**
 * One for each stretch of time, in order, empty ones too.
 */
buckets: Array<MetricsBucket>, 
/**
 * One for each model on each host, the one with most requests first.
 */
models: Array<MetricsOfModel>, 
/**
 * Tokens of each day of the range (local time), in order.
 */
days: Array<MetricsDay>, 
/**
 * When the oldest request that is kept was made, ms since the epoch.
 */
oldest: number | null, };

export type MetricsFigures = { 
/**
 * How many.
 */
requests: number, 
/**
 * How many failed.
 */
errors: number, 
/**
 * How many the person stopped.
 */
stopped: number, 
/**
 * Tokens of prompts.
 */
prompt_tokens: number, 
/**
 * Tokens of answers.
 */
completion_tokens: number, 
/**
 * Time to the first token, ms.
 */
first_token_ms: Percentiles, 
/**
 * Duration of the whole, ms.
 */
total_ms: Percentiles, 
/**
 * Speed of generation, tokens per second.
 */
tokens_per_second: Percentiles, 
/**
 * Wait in the engine's queue, ms.
 */
queue_ms: Percentiles, };

export type Percentiles = { 
/**
 * The median.
 */
p50: number | null, 
/**
 * The 95th.
 */
p95: number | null, 
/**
 * The greatest.
 */
max: number | null, };

export type MetricsBucket = { 
/**
 * Its beginning, ms since the epoch.
 */
from: number, 
/**
 * Its figures.
 */
figures: MetricsFigures, };

export type MetricsOfModel = { 
/**
 * The host.
 */
host_id: HostId, 
/**
 * Its name when the request was made, for hosts that are gone.
 */
host_name: string, 
/**
 * The model; empty where it was never known.
 */
model: string, 
/**
 * Figures.
 */
figures: MetricsFigures, 
/**
 * The code of the most frequent error, and how often it came.
 */
frequent_error: [string, number] | null, 
/**
 * Median speed in each stretch of time, as `buckets` are cut.
 */
speed: Array<number | null>, };

export type MetricsDay = { 
/**
 * Its beginning, ms since the epoch.
 */
from: number, 
/**
 * Tokens of prompts.
 */
prompt_tokens: number, 
/**
 * Tokens of answers.
 */
completion_tokens: number, };

export type MetricsExport = { 
/**
 * Which.
 */
query: MetricsQuery, 
/**
 * Where to, chosen by the user in a dialog.
 */
path: string, };

export type Theme = "system" | "light" | "dark";

export type Settings = { 
/**
 * Language; the system's when absent.
 */
language: Language | null, 
/**
 * Colours.
 */
theme: Theme, 
/**
 * Answers at once, 1 to 32. Default 4.
 */
chat_limit: number, 
/**
 * Deploys at once over all hosts, 1 to 8. Default 2.
 */
deploy_limit: number, 
/**
 * Seconds between checks of a connected engine, 5 to 600. Default 30.
 */
monitor_interval_s: number, 
/**
 * Whether Slipway starts with the login session. Default no.
 */
start_at_login: boolean, 
/**
 * Seconds that a request to a tunnel waits for a link that is being rebuilt, 0 to 120. Default
 * 10; after that it is answered with 503.
 */
tunnel_wait_s: number, 
/**
 * Seconds without an SSH answer until the link counts as dead, 3 to 120. Default 9.
 */
keepalive_timeout_s: number, 
/**
 * Seconds to wait for the first token, 5 to 3600. Default 120.
 */
first_token_timeout_s: number, 
/**
 * Sampling temperature of new chats, 0 to 2; the engine's own when absent.
 */
temperature: number | null, 
/**
 * Longest answer in tokens, 1 to 131072; the engine's own when absent.
 */
max_tokens: number | null, 
/**
 * Whether the model names a new conversation after its first turn. Default yes.
 */
title_by_model: boolean, 
/**
 * Days that the figures of requests are kept, 1 to 3650. Default 90.
 */
metrics_days: number, 
/**
 * Whether closing the window leaves Slipway in the tray. Default yes.
 */
close_to_tray: boolean, 
/**
 * Whether an answer that took long is announced when the window is not in front. Default yes.
 */
notify_answers: boolean, 
/**
 * Seconds that such an answer took at least, 1 to 3600. Default 10.
 */
notify_after_s: number, 
/**
 * The key combination that opens the quick window from anywhere, as `Alt+Space`; none when
 * empty. Default none.
 */
quick_shortcut: string, 
/**
 * Size of everything in the window in percent, 50 to 200. Default 100.
 */
zoom_percent: number, 
/**
 * Whether what is written is spell-checked. Default yes.
 */
spell_check: boolean, 
/**
 * Megabytes of log files kept, 1 to 1000. Default 50.
 */
log_megabytes: number, 
/**
 * The model hub. Default `https://huggingface.co`.
 */
hub_url: string, 
/**
 * The Python package index that this computer fetches from for hosts without a way out; pip's
 * own setting, or the host's, when empty. Default empty.
 */
package_index: string, 
/**
 * What keeps a server running: the host's service manager if it can, or only Slipway's own
 * supervisor. Default yes.
 */
use_service_manager: boolean, };

export type AppInfo = { 
/**
 * Slipway's version.
 */
version: string, 
/**
 * `linux`, `macos` or `windows`.
 */
platform: string, 
/**
 * The system's language.
 */
system_language: Language, 
/**
 * Where the database is.
 */
data_dir: string, 
/**
 * Where the log files are.
 */
log_dir: string, 
/**
 * Processor name of this computer.
 */
cpu: string, 
/**
 * Bytes of memory of this computer.
 */
memory_total_bytes: number | null, 
/**
 * Bytes free on the disk of the data directory.
 */
disk_free_bytes: number | null, 
/**
 * Whether a token for the model hub is kept.
 */
hub_token: boolean, };

export type Snapshot = { 
/**
 * The last message that this already contains.
 */
seq: number, 
/**
 * The program.
 */
app: AppInfo, 
/**
 * The settings.
 */
settings: Settings, 
/**
 * All hosts.
 */
hosts: Array<HostView>, 
/**
 * All connections.
 */
connections: Array<ConnectionStatus>, 
/**
 * Tasks that are not over, and the last of each kind and host that are.
 */
tasks: Array<TaskInfo>, 
/**
 * All conversations but the columns of comparisons, archived ones too, latest first.
 */
sessions: Array<Session>, 
/**
 * All folders by name.
 */
folders: Array<Folder>, 
/**
 * The new conversation that is being written.
 */
draft: Draft, };

export type HostRef = { 
/**
 * Which.
 */
host_id: HostId, };

export type TaskRef = { 
/**
 * Which.
 */
request_id: RequestId, };

export type SessionRef = { 
/**
 * Which.
 */
session_id: SessionId, };

export type SessionRead = { 
/**
 * Which.
 */
session_id: SessionId, 
/**
 * So many messages at the end of its branch, at least one; nothing is all of them.
 */
last: number | null, };

export type Nothing = Record<symbol, never>;

export type LogQuery = { 
/**
 * At most so many lines, the latest ones; up to 20000.
 */
limit: number, };

export type LogSave = { 
/**
 * Where to, chosen by the user in a dialog.
 */
path: string, 
/**
 * The lines, as they were filtered.
 */
text: string, };

export type Subscribe = { 
/**
 * The last message that the window has seen, from [`crate::Snapshot::seq`] or the channel.
 */
after_seq: number, };

export type Subscribed = { 
/**
 * False when older messages are gone: take a new snapshot.
 */
complete: boolean, };

/** Every command with what it takes and returns. */
export type Commands = {
  snapshot: { request: Nothing; response: Snapshot };
  settings_set: { request: Settings; response: Settings };
  host_add: { request: HostAdd; response: Host };
  host_rename: { request: HostRename; response: Host };
  host_remove: { request: HostRef; response: Nothing };
  host_restore: { request: HostRef; response: Host };
  host_list: { request: Nothing; response: Array<HostView> };
  host_suggestions: { request: Nothing; response: Array<HostSuggestion> };
  host_keep: { request: HostKeep; response: Host };
  host_check: { request: HostRef; response: TaskRef };
  hub_list: { request: HubQuery; response: TaskRef };
  hub_token_set: { request: HubTokenSet; response: Nothing };
  deploy_plan: { request: DeployRequest; response: TaskRef };
  host_diagnose: { request: HostRef; response: TaskRef };
  deploy_start: { request: DeployRequest; response: TaskRef };
  versions_list: { request: HostRef; response: TaskRef };
  rollback_start: { request: RollbackRequest; response: TaskRef };
  clean_start: { request: CleanRequest; response: TaskRef };
  engine_log_start: { request: EngineLogRequest; response: TaskRef };
  engine_stop_start: { request: HostRef; response: TaskRef };
  uninstall_start: { request: UninstallRequest; response: TaskRef };
  connect_start: { request: HostRef; response: TaskRef };
  connect_stop: { request: HostRef; response: Nothing };
  connection_history: { request: HostRef; response: ConnectionHistory };
  chat_send: { request: ChatSend; response: ChatStarted };
  chat_retry: { request: ChatRetry; response: ChatStarted };
  chat_continue: { request: ChatRetry; response: ChatStarted };
  chat_measure: { request: ChatMeasure; response: ContextUse };
  queue_put: { request: QueuePut; response: Array<QueuedMessage> };
  queue_drop: { request: QueueRef; response: Array<QueuedMessage> };
  attachment_add: { request: AttachmentAdd; response: Attachment };
  attachment_drop: { request: AttachmentRef; response: Nothing };
  attachment_get: { request: AttachmentRef; response: AttachmentContent };
  draft_put: { request: DraftPut; response: Nothing };
  message_show: { request: MessageRef; response: SessionView };
  message_edit: { request: MessageEdit; response: SessionView };
  session_change: { request: SessionChange; response: Array<Session> };
  session_configure: { request: SessionConfigure; response: Nothing };
  session_duplicate: { request: SessionDuplicate; response: Session };
  session_search: { request: SessionQuery; response: SearchResult };
  session_compact: { request: SessionCompact; response: TaskRef };
  compaction_remove: { request: CompactionRef; response: SessionView };
  compare_start: { request: CompareStart; response: SessionView };
  compare_take: { request: SessionRef; response: Session };
  conversation_put: { request: ConversationPut; response: SessionView };
  conversation_run: { request: ConversationRun; response: TaskRef };
  conversation_pause: { request: SessionRef; response: Nothing };
  conversation_say: { request: ConversationSay; response: SessionView };
  folder_put: { request: FolderPut; response: Array<Folder> };
  folder_remove: { request: FolderRef; response: Array<Folder> };
  preset_list: { request: Nothing; response: Array<Preset> };
  preset_put: { request: PresetPut; response: Array<Preset> };
  preset_remove: { request: PresetRef; response: Array<Preset> };
  snippet_list: { request: Nothing; response: Array<Snippet> };
  snippet_put: { request: SnippetPut; response: Array<Snippet> };
  snippet_remove: { request: SnippetRef; response: Array<Snippet> };
  export_start: { request: ExportRequest; response: TaskRef };
  import_start: { request: ImportRequest; response: TaskRef };
  metrics_query: { request: MetricsQuery; response: Metrics };
  metrics_export: { request: MetricsExport; response: Exported };
  session_list: { request: Nothing; response: Array<Session> };
  session_get: { request: SessionRead; response: SessionView };
  session_rename: { request: SessionRename; response: Session };
  session_pin: { request: SessionPin; response: Session };
  session_delete: { request: SessionRef; response: Nothing };
  session_restore: { request: SessionRef; response: Session };
  task_list: { request: Nothing; response: Array<TaskInfo> };
  task_stats: { request: Nothing; response: Array<TaskStats> };
  task_cancel: { request: TaskRef; response: Nothing };
  prompt_answer: { request: PromptAnswer; response: Nothing };
  log_list: { request: LogQuery; response: Array<LogRecord> };
  log_save: { request: LogSave; response: Nothing };
};
