/** Objects of the wire with nothing in them: what the mock, the tests and the stores begin with. */
import type {
  AnswerStats,
  ChatSettings,
  ConnectionStatus,
  Draft,
  Message,
  Sampling,
  Session,
  SessionView,
  Settings,
} from "./bindings";

/** Sampling that leaves everything to the engine. */
export const NO_SAMPLING: Sampling = {
  temperature: null,
  top_p: null,
  top_k: null,
  min_p: null,
  repeat_penalty: null,
  max_tokens: null,
  seed: null,
  stop: [],
  json_schema: null,
  grammar: null,
};

/** A conversation without instructions. */
export const CHAT_SETTINGS: ChatSettings = { system_prompt: "", sampling: NO_SAMPLING, overflow: "ask" };

/** Nothing is being written. */
export const NO_DRAFT: Draft = { text: "", attachments: [] };

/** An answer of which nothing was measured. */
export const NO_STATS: AnswerStats = {
  prompt_tokens: null,
  completion_tokens: null,
  first_token_ms: null,
  total_ms: null,
  tokens_per_second: null,
  prompt_tokens_per_second: null,
  finish_reason: null,
  cached_tokens: null,
  queue_ms: null,
  reasoning_ms: null,
  context_size: null,
  continued: null,
};

/** What a fresh program is set to; the backend's own defaults. */
export const SETTINGS: Settings = {
  language: null,
  theme: "system",
  chat_limit: 4,
  deploy_limit: 2,
  monitor_interval_s: 30,
  start_at_login: false,
  tunnel_wait_s: 10,
  keepalive_timeout_s: 9,
  first_token_timeout_s: 120,
  temperature: null,
  max_tokens: null,
  title_by_model: true,
  metrics_days: 90,
  close_to_tray: true,
  notify_answers: true,
  notify_after_s: 10,
  quick_shortcut: "",
  zoom_percent: 100,
  spell_check: true,
  log_megabytes: 50,
  hub_url: "https://huggingface.co",
  package_index: "",
  use_service_manager: true,
};

/** A conversation. */
export function blankSession(id: string, part: Partial<Session> = {}): Session {
  return {
    id,
    title: id,
    host_id: null,
    model: null,
    created_at: 0,
    updated_at: 0,
    pinned: false,
    message_count: 0,
    kind: "chat",
    folder_id: null,
    archived: false,
    tags: [],
    titled: false,
    group_id: null,
    column: null,
    last_state: null,
    ...part,
  };
}

/** A message of the person. */
export function blankMessage(id: string, sessionId: string, part: Partial<Message> = {}): Message {
  return {
    id,
    session_id: sessionId,
    parent_id: null,
    position: 0,
    versions: [],
    role: "user",
    speaker: null,
    audience: null,
    summary: false,
    attachments: [],
    content: "",
    reasoning: "",
    state: "complete",
    host_id: null,
    model: null,
    created_at: 0,
    request_id: null,
    stats: NO_STATS,
    error: null,
    ...part,
  };
}

/** A conversation with its messages. */
export function blankView(session: Session, messages: Message[], part: Partial<SessionView> = {}): SessionView {
  return {
    session,
    settings: CHAT_SETTINGS,
    messages,
    earlier: false,
    compactions: [],
    queue: [],
    draft: NO_DRAFT,
    conversation: null,
    columns: [],
    ...part,
  };
}

/** A connection that is up. */
export function blankConnection(hostId: string, part: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    host_id: hostId,
    request_id: `connect-${hostId}`,
    state: "connected",
    reason: null,
    local_url: "http://127.0.0.1:18080",
    model: null,
    context_size: null,
    models: [],
    since: 0,
    round_trip_ms: null,
    reconnects: 0,
    attempt: null,
    next_attempt_at: null,
    open_streams: 0,
    bytes_down: 0,
    bytes_up: 0,
    gauges: null,
    last_error: null,
    last_error_at: null,
    ...part,
  };
}
