import { SvelteMap } from "svelte/reactivity";
import type { ChatSend, QueuedId, QueuedMessage, SessionId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { onBody, onSnapshot } from "../ipc/events";
import { toasts } from "./toasts.svelte";

const NONE: readonly QueuedMessage[] = [];

/** The messages that wait until the answer before them is over, by conversation. */
class QueueState {
  #bySession = new SvelteMap<SessionId, readonly QueuedMessage[]>();

  constructor() {
    onSnapshot(() => this.#bySession.clear());
    onBody("progress", (progress) => {
      if (progress.type === "queue_changed") this.take(progress.data.session_id, progress.data.queue);
    });
  }

  of(sessionId: SessionId | null): readonly QueuedMessage[] {
    return (sessionId === null ? undefined : this.#bySession.get(sessionId)) ?? NONE;
  }

  /** Takes the queue as the backend has it. */
  take(sessionId: SessionId, queue: readonly QueuedMessage[]): void {
    if (queue.length === 0) this.#bySession.delete(sessionId);
    else this.#bySession.set(sessionId, queue);
  }

  /** Queues a message, or changes one that waits. Rejects when the backend does not take it. */
  async put(sessionId: SessionId, send: ChatSend, id: QueuedId | null = null): Promise<void> {
    this.take(sessionId, await call("queue_put", { id, send }));
  }

  /** Sends what waits first, after an answer that ended badly held it back. */
  async sendNow(sessionId: SessionId): Promise<void> {
    const first = this.of(sessionId)[0];
    if (!first) return;
    try {
      await this.put(sessionId, first.send, first.id);
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  /** Takes a message out; resolves to it when it had not been sent yet. */
  async drop(sessionId: SessionId, id: QueuedId): Promise<QueuedMessage | null> {
    const before = this.of(sessionId);
    const dropped = before.find((item) => item.id === id) ?? null;
    this.take(
      sessionId,
      before.filter((item) => item.id !== id),
    );
    try {
      this.take(sessionId, await call("queue_drop", { session_id: sessionId, id }));
      return dropped;
    } catch (thrown) {
      this.take(sessionId, before);
      toasts.error(thrown);
      return null;
    }
  }
}

/** What waits to be sent. */
export const queue = new QueueState();
