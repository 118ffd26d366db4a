import type {
  AnswerStats,
  Attachment,
  Chunk,
  Compaction,
  ErrorInfo,
  HostId,
  Message,
  MessageId,
  MessageState,
  RequestId,
  Role,
  SessionId,
  SessionView,
} from "../ipc/bindings";
import { beforeFrame } from "./frame";

/**
 * A message as the window shows it. Each has its own signals: a chunk repaints one message only, and
 * however many pieces come, its texts are said to have changed once per frame.
 */
export class ChatMessage {
  readonly id: MessageId;
  readonly sessionId: SessionId;
  readonly role: Role;
  readonly parentId: MessageId | null;
  readonly position: number;
  readonly createdAt: number;
  /** Which participant of a conversation between models speaks; null is the person. */
  readonly speaker: number | null;
  /** The only participant that a line of the person is for; null is all. */
  readonly audience: number | null;
  /** Whether it sums a conversation between models up, and is none of its turns. */
  readonly summary: boolean;
  readonly attachments: readonly Attachment[];
  /** All messages in its place, oldest first; empty where it is the only one. */
  versions: readonly MessageId[];
  state: MessageState = $state("complete");
  /** Whether the person has unfolded it, or its reasoning: kept while it is scrolled away. */
  unfolded = $state(false);
  reasoningOpen = $state(false);
  hostId: HostId | null;
  model: string | null;
  requestId: RequestId | null;
  stats: AnswerStats;
  error: ErrorInfo | null;
  #content: string;
  #reasoning: string;
  /** Counts the changes of the two texts that were told. */
  #told = $state(0);
  readonly #tell = (): void => {
    this.#told += 1;
  };

  constructor(message: Message) {
    this.id = message.id;
    this.sessionId = message.session_id;
    this.role = message.role;
    this.parentId = message.parent_id;
    this.position = message.position;
    this.createdAt = message.created_at;
    this.speaker = message.speaker;
    this.audience = message.audience;
    this.summary = message.summary;
    this.attachments = message.attachments;
    this.#content = message.content;
    this.#reasoning = message.reasoning;
    this.state = message.state;
    this.versions = $state.raw(message.versions);
    this.hostId = $state.raw(message.host_id);
    this.model = $state.raw(message.model);
    this.requestId = message.request_id;
    this.stats = $state.raw(message.stats);
    this.error = $state.raw(message.error);
  }

  get content(): string {
    return this.#told >= 0 ? this.#content : "";
  }

  get reasoning(): string {
    return this.#told >= 0 ? this.#reasoning : "";
  }

  /**
   * Takes what the backend has. While an answer is being written the window may be ahead of what was
   * read: then its longer text stays, and so does an end that it has already seen.
   */
  assign(message: Message): void {
    const isBehind = message.state === "streaming" && message.request_id === this.requestId;
    if (!isBehind || !this.#content.startsWith(message.content)) this.#content = message.content;
    if (!isBehind || !this.#reasoning.startsWith(message.reasoning)) this.#reasoning = message.reasoning;
    if (!isBehind) {
      this.state = message.state;
      this.stats = message.stats;
      this.error = message.error;
    }
    this.versions = message.versions;
    this.hostId = message.host_id;
    this.model = message.model;
    this.requestId = message.request_id;
    this.#tell();
  }

  /** Adds a piece where it belongs. False when pieces before it are missing. */
  append(chunk: Chunk): boolean {
    const known = chunk.part === "content" ? this.#content : this.#reasoning;
    if (chunk.offset > known.length) return false;
    const added = chunk.text.slice(known.length - chunk.offset);
    if (added === "") return true;
    if (chunk.part === "content") this.#content = known + added;
    else this.#reasoning = known + added;
    beforeFrame(this.#tell);
    return true;
  }
}

/** How a chunk was taken. */
export type ChunkFate = "applied" | "waiting" | "gap";

/** Pieces kept for a message that the window does not have yet. */
const WAITING_LIMIT = 4096;

/** The messages of one conversation: the branch that it shows. */
export class Thread {
  readonly sessionId: SessionId;
  messages = $state.raw<ChatMessage[]>([]);
  /** What is not sent any more, in order. */
  compactions = $state.raw<Compaction[]>([]);
  status = $state<"loading" | "ready" | "failed">("loading");
  error = $state.raw<ErrorInfo | null>(null);
  /** The message that the person is writing anew, in its place. */
  editingId = $state<MessageId | null>(null);
  /** Whether what was said before the first message is still to be read. */
  partial = $state(false);
  /** Whether the last change was that messages came before those that were here. */
  grewAtStart = $state(false);
  #byId = new Map<MessageId, ChatMessage>();
  /** Pieces that came before their message, or after a gap. */
  #waiting: Chunk[] = [];

  constructor(sessionId: SessionId) {
    this.sessionId = sessionId;
  }

  /** Whether pieces lie here that cannot be applied yet. */
  get hasGap(): boolean {
    return this.#waiting.length > 0;
  }

  get(messageId: MessageId): ChatMessage | undefined {
    return this.#byId.get(messageId);
  }

  /** The last message of a role. */
  last(role: Role): ChatMessage | undefined {
    return this.messages.findLast((message) => message.role === role);
  }

  /** Takes the conversation as the backend has it. Messages that stay keep their identity. */
  load(view: SessionView): void {
    this.#set(
      view.messages.map((message) => {
        const known = this.#byId.get(message.id);
        // What a person wrote never changes under its id; it only gets versions beside it.
        known?.assign(message);
        return known ?? new ChatMessage(message);
      }),
    );
    this.compactions = view.compactions;
    if (this.editingId !== null && !this.#byId.has(this.editingId)) this.editingId = null;
    this.partial = view.earlier;
    this.status = "ready";
    this.error = null;
    this.#applyWaiting();
  }

  /** Takes what was said before the first message; what came since that was read stays. */
  loadEarlier(view: SessionView): void {
    const first = this.messages[0]?.id;
    const end = view.messages.findIndex(({ id }) => id === first);
    // Another branch is shown by now.
    if (end < 0) return this.load(view);
    this.#set([...view.messages.slice(0, end).map((message) => new ChatMessage(message)), ...this.messages]);
    this.compactions = view.compactions;
    this.partial = false;
  }

  /**
   * A turn began: the answer takes the place of everything from its position on, and a question that
   * was not here before that of everything from its own.
   */
  begin(question: Message, answer: Message): ChatMessage {
    const known = this.#byId.get(question.id);
    const end = known ? answer.position : question.position;
    const kept = this.messages.filter(({ position, id }) => position < end && id !== answer.id);
    known?.assign(question);
    if (!known) kept.push(new ChatMessage(question));
    const answering = this.#byId.get(answer.id) ?? new ChatMessage(answer);
    answering.assign(answer);
    kept.push(answering);
    this.#set(kept);
    if (this.editingId !== null && !this.#byId.has(this.editingId)) this.editingId = null;
    this.status = "ready";
    this.#applyWaiting();
    return answering;
  }

  receive(chunk: Chunk): ChunkFate {
    const message = this.#byId.get(chunk.message_id);
    if (message?.append(chunk)) return "applied";
    if (this.#waiting.length < WAITING_LIMIT) this.#waiting.push(chunk);
    return message ? "gap" : "waiting";
  }

  #set(messages: ChatMessage[]): void {
    const first = this.messages[0];
    this.grewAtStart = first !== undefined && messages.indexOf(first) > 0;
    this.messages = messages;
    this.#byId = new Map(messages.map((message) => [message.id, message]));
  }

  #applyWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) this.receive(chunk);
  }
}
