import type { ErrorInfo, LogLine, LogRecord, RequestId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { chooseSavePath } from "../ipc/dialog";
import { toErrorInfo } from "../ipc/errors";
import { onBody, onSnapshot } from "../ipc/events";

/** A line as the screens take it. */
export interface LogItem {
  key: number;
  /** Its place in the program's stream of messages; 0 for lines of an earlier run. */
  seq: number;
  timestamp: number;
  level: LogLine["level"];
  part: string;
  text: string;
  serverId: string | null;
  taskId: RequestId | null;
}

/** Lines kept; the oldest leave in lots, so that a busy log does not move all the time. */
const KEPT = 50_000;
const LOT = 5_000;
/** Lines of earlier that are asked for; the most that the backend gives. */
const ASKED = 20_000;
/** New lines reach the screen in batches, milliseconds. */
const BATCH_MS = 50;

/** The program's log, from the earlier lines to the newest. */
class LogState {
  lines = $state.raw<readonly LogItem[]>([]);
  status = $state<"idle" | "loading" | "ready" | "failed">("idle");
  error = $state.raw<ErrorInfo | null>(null);
  #arrived: LogItem[] = [];
  /** Lines up to here are in `lines` or on their way into it. */
  #lastSeq = 0;
  #nextKey = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    onSnapshot(() => {
      // Lines may have been missed: the earlier ones are read again.
      if (this.status !== "idle") void this.#read();
    });
    onBody("log", (line, { seq, timestamp, request_id }) => {
      if (seq <= this.#lastSeq) return;
      this.#lastSeq = seq;
      this.#arrived.push(this.#item(line, seq, timestamp, request_id));
      this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
    });
  }

  /** Reads the earlier lines, once. */
  async open(): Promise<void> {
    if (this.status === "idle" || this.status === "failed") await this.#read();
  }

  /** Asks where to and writes a text there; resolves to the path, or null when nothing was chosen. */
  async save(title: string, name: string, text: string): Promise<string | null> {
    const path = await chooseSavePath(title, name);
    if (path !== null) await call("log_save", { path, text });
    return path;
  }

  async #read(): Promise<void> {
    this.status = "loading";
    try {
      this.#take(await call("log_list", { limit: ASKED }));
      this.status = "ready";
      this.error = null;
    } catch (thrown) {
      this.error = toErrorInfo(thrown);
      this.status = "failed";
    }
  }

  /** What was read replaces all that it covers; newer lines came over the channel meanwhile. */
  #take(records: LogRecord[]): void {
    const covered = records.reduce((seq, record) => Math.max(seq, record.seq), 0);
    const newer = [...this.lines, ...this.#arrived].filter(({ seq }) => seq > covered);
    const earlier = records.map(({ line, seq, timestamp, request_id }) => this.#item(line, seq, timestamp, request_id));
    this.#arrived = [];
    this.#lastSeq = Math.max(this.#lastSeq, covered);
    this.lines = [...earlier, ...newer.map((item) => ({ ...item, key: this.#nextKey++ }))].slice(-KEPT);
  }

  #item(line: LogLine, seq: number, timestamp: number, taskId: RequestId | null): LogItem {
    const { level, target, text, host_id } = line;
    return { key: this.#nextKey++, seq, timestamp, level, part: target, text, serverId: host_id, taskId };
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.lines.length + this.#arrived.length > KEPT) {
      // Leaving and coming are told apart by the screen only when they come one after the other.
      this.lines = this.lines.slice(Math.max(LOT, this.lines.length + this.#arrived.length - KEPT));
      this.#timer = setTimeout(() => this.#flush(), 0);
    } else if (this.#arrived.length > 0) {
      this.lines = [...this.lines, ...this.#arrived];
      this.#arrived = [];
    }
  }
}

/** The log. */
export const logs = new LogState();
