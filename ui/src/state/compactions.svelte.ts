import { SvelteMap } from "svelte/reactivity";
import type { ErrorInfo, HostId, RequestId, SessionId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onMessage, onSnapshot } from "../ipc/events";
import { chats } from "./chats.svelte";
import { toasts } from "./toasts.svelte";

/** A summary of the oldest turns that is being made. */
export interface Compacting {
  requestId: RequestId;
  summarise: boolean;
  /** When it was asked for, ms since the epoch. */
  since: number;
}

/** Conversations whose oldest turns are being left out of what is sent. */
class CompactionState {
  running = new SvelteMap<SessionId, Compacting>();
  /** Why the last one of a conversation did not work. */
  failed = new SvelteMap<SessionId, ErrorInfo>();

  constructor() {
    onSnapshot((snapshot) => {
      this.running.clear();
      for (const { request_id, subject, state, queued_at } of snapshot.tasks)
        if (subject.kind === "compact" && subject.session_id && state !== "done" && state !== "failed")
          this.running.set(subject.session_id, { requestId: request_id, summarise: true, since: queued_at });
    });
    onMessage(({ request_id, body }) => {
      if (body.type !== "complete" && body.type !== "error") return;
      for (const [sessionId, { requestId }] of this.running) {
        if (requestId !== request_id) continue;
        this.running.delete(sessionId);
        if (body.type === "error" && body.data.code !== "cancelled") this.failed.set(sessionId, body.data);
        if (body.type === "complete") void chats.reload(sessionId);
      }
    });
  }

  /** Leaves the oldest turns out of what is sent, with a summary in their place or without. */
  async start(sessionId: SessionId, hostId: HostId, summarise: boolean): Promise<void> {
    if (this.running.has(sessionId)) return;
    this.failed.delete(sessionId);
    this.running.set(sessionId, { requestId: "", summarise, since: Date.now() });
    try {
      const { request_id } = await call("session_compact", { session_id: sessionId, host_id: hostId, summarise });
      const running = this.running.get(sessionId);
      if (running) this.running.set(sessionId, { ...running, requestId: request_id });
    } catch (thrown) {
      this.running.delete(sessionId);
      this.failed.set(sessionId, toErrorInfo(thrown));
    }
  }

  async stop(sessionId: SessionId): Promise<void> {
    const running = this.running.get(sessionId);
    if (!running || running.requestId === "") return;
    try {
      await call("task_cancel", { request_id: running.requestId });
    } catch (thrown) {
      toasts.error(thrown);
    }
  }
}

/** Compactions under way. */
export const compactions = new CompactionState();
