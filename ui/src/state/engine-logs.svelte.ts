import { SvelteMap } from "svelte/reactivity";
import type { ErrorInfo, HostId, RequestId } from "../ipc/bindings";
import { toErrorInfo } from "../ipc/errors";
import { onMessage } from "../ipc/events";
import { tasks } from "./tasks.svelte";

/** Lines of the past that come first. */
const FIRST_LINES = 500;

/** An engine's log that a screen follows. */
export interface EngineLog {
  /** The task whose lines it is; null until the command has answered. */
  requestId: RequestId | null;
  /** Why no more lines come. */
  error: ErrorInfo | null;
  /** Whether no more lines come. */
  ended: boolean;
}

/** The engines' own logs, followed while a screen shows them. */
class EngineLogState {
  #logs = new SvelteMap<HostId, EngineLog>();

  constructor() {
    onMessage(({ request_id, body }) => {
      if (body.type !== "complete" && body.type !== "error") return;
      for (const [hostId, log] of this.#logs)
        if (log.requestId === request_id)
          this.#logs.set(hostId, { ...log, ended: true, error: body.type === "error" ? body.data : null });
    });
  }

  get(hostId: HostId): EngineLog | undefined {
    return this.#logs.get(hostId);
  }

  /** Follows an engine's log until the returned function is called. */
  follow(hostId: HostId): () => void {
    const log: EngineLog = { requestId: null, error: null, ended: false };
    let left = false;
    this.#logs.set(hostId, log);
    const started = tasks.engineLog({ host_id: hostId, lines: FIRST_LINES, follow: true }).then(
      (requestId) => {
        if (!left) this.#logs.set(hostId, { ...log, requestId });
        return requestId;
      },
      (thrown: unknown) => {
        if (!left) this.#logs.set(hostId, { ...log, ended: true, error: toErrorInfo(thrown) });
        return null;
      },
    );
    return () => {
      left = true;
      this.#logs.delete(hostId);
      // One that has ended by itself cannot be cancelled any more, and need not be.
      void started.then((requestId) => (requestId === null ? undefined : tasks.cancel(requestId).catch(() => undefined)));
    };
  }
}

/** The engines' logs. */
export const engineLogs = new EngineLogState();
