import type { BatchHandler } from "../backend";
import type { LogLevel, TaskBody, TaskMessage, Text } from "../bindings";

/** Batches like the real channel: everything said within 16 ms goes out together. */
const COALESCE_MS = 16;

/** The mock's stream of messages: numbers them, keeps them, and hands them to the window. */
export class MockStream {
  seq = 0;
  #kept: TaskMessage[] = [];
  #pending: TaskMessage[] = [];
  #handler: BatchHandler | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  say(requestId: string, body: TaskBody): void {
    const message: TaskMessage = { request_id: requestId, seq: ++this.seq, timestamp: Date.now(), body };
    this.#kept.push(message);
    this.#pending.push(message);
    this.#timer ??= setTimeout(() => this.#flush(), COALESCE_MS);
  }

  log(requestId: string, target: string, words: string, hostId: string | null, level: LogLevel = "info"): void {
    this.say(requestId, { type: "log", data: { level, target, text: words, host_id: hostId } });
  }

  /** Lines of the log so far, as `log_list` returns them. */
  get logs() {
    return this.#kept.flatMap(({ seq, timestamp, request_id, body }) =>
      body.type === "log" ? [{ seq, timestamp, request_id, line: body.data }] : [],
    );
  }

  subscribe(afterSeq: number, handler: BatchHandler): void {
    this.#handler = handler;
    const missed = this.#kept.filter(({ seq }) => seq > afterSeq);
    if (missed.length > 0) handler(missed);
    this.#pending = [];
  }

  #flush(): void {
    this.#timer = null;
    const batch = this.#pending;
    this.#pending = [];
    this.#handler?.(batch);
  }
}

/** A text of the backend. */
export function both(en: string, ru: string): Text {
  return { en, ru };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
