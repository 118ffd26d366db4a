import type { ChatPhase, MessageId, RequestId, TaskMessage } from "../ipc/bindings";

/** The terminal message of a task. */
export type Ending = Extract<TaskMessage["body"], { type: "complete" | "error" }>;

/** Terminal messages of answers that the window learns of afterwards; the oldest are forgotten. */
export class Endings {
  static readonly KEPT = 64;
  #kept = new Map<RequestId, Ending>();

  get(requestId: RequestId): Ending | undefined {
    return this.#kept.get(requestId);
  }

  add(requestId: RequestId, ending: Ending): void {
    this.#kept.set(requestId, ending);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > Endings.KEPT && !oldest.done) this.#kept.delete(oldest.value);
  }
}

/** What a turn does until its answer ends. */
export type AnswerPhase = "queued" | ChatPhase | "writing" | "stopping";

/** An answer that is being made. */
export class ActiveAnswer {
  readonly requestId: RequestId;
  readonly messageId: MessageId | null;
  /** When the turn was taken in, ms since the epoch. */
  readonly startedAt: number;
  phase: AnswerPhase = $state("queued");
  /** When the first piece came, ms since the epoch. */
  firstPieceAt: number | null = $state(null);
  /** When the last one came. Not a signal, nor is the count: whoever shows them looks a few times a second. */
  lastPieceAt: number | null = null;
  /** Pieces so far: engines send about one per token. */
  pieces = 0;

  constructor(requestId: RequestId, messageId: MessageId | null, startedAt: number) {
    this.requestId = requestId;
    this.messageId = messageId;
    this.startedAt = startedAt;
  }

  /** A phase before the first piece; later ones say nothing new. */
  enter(phase: ChatPhase): void {
    if (this.phase !== "stopping" && this.firstPieceAt === null) this.phase = phase;
  }

  countPiece(timestamp: number): void {
    this.pieces += 1;
    this.firstPieceAt ??= timestamp;
    this.lastPieceAt = timestamp;
    if (this.phase !== "stopping" && this.phase !== "writing") this.phase = "writing";
  }

  /** Pieces per second since the first one; null until that says something. */
  get rate(): number | null {
    if (this.firstPieceAt === null || this.lastPieceAt === null || this.pieces < 5) return null;
    const elapsed = this.lastPieceAt - this.firstPieceAt;
    return elapsed > 200 ? ((this.pieces - 1) * 1000) / elapsed : null;
  }
}
