import type { ChatPhase, MessageId, RequestId } from "../ipc/bindings";

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
  /** When the last one came. */
  lastPieceAt: number | null = $state(null);
  /** Pieces so far: engines send about one per token. */
  pieces = $state(0);

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
    if (this.phase !== "stopping") this.phase = "writing";
  }

  /** Pieces per second since the first one; null until that says something. */
  get rate(): number | null {
    if (this.firstPieceAt === null || this.lastPieceAt === null || this.pieces < 5) return null;
    const elapsed = this.lastPieceAt - this.firstPieceAt;
    return elapsed > 200 ? ((this.pieces - 1) * 1000) / elapsed : null;
  }
}
