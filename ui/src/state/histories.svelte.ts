import { SvelteMap } from "svelte/reactivity";
import type { ConnectionHistory, ConnectionStatus, ErrorInfo, HostId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onBody, onSnapshot } from "../ipc/events";

/** A sample is taken this often, milliseconds; a page that shows them asks as often. */
const READ_MS = 5_000;

/** The last hour of each connection that a screen shows. */
class HistoryState {
  byHost = new SvelteMap<HostId, ConnectionHistory>();
  errors = new SvelteMap<HostId, ErrorInfo>();
  /** Screens that show a host's history now. */
  #open = new Map<HostId, number>();
  /** The state that was last read, to see when a new one begins. */
  #began = new Map<HostId, string>();

  constructor() {
    onSnapshot(() => {
      for (const hostId of this.#open.keys()) void this.#read(hostId);
    });
    onBody("progress", (progress) => {
      if (progress.type === "connection") this.#follow(progress.data);
    });
  }

  get(hostId: HostId): ConnectionHistory | undefined {
    return this.byHost.get(hostId);
  }

  /** Keeps a host's history up to date until the returned function is called. */
  open(hostId: HostId): () => void {
    this.#open.set(hostId, (this.#open.get(hostId) ?? 0) + 1);
    void this.#read(hostId);
    const timer = setInterval(() => void this.#read(hostId), READ_MS);
    return () => {
      clearInterval(timer);
      const left = (this.#open.get(hostId) ?? 1) - 1;
      if (left > 0) this.#open.set(hostId, left);
      else this.#open.delete(hostId);
    };
  }

  /** A new state is shown at once, not with the next sample. */
  #follow({ host_id, state, since }: ConnectionStatus): void {
    const began = `${state} ${since}`;
    if (this.#began.get(host_id) === began) return;
    this.#began.set(host_id, began);
    if (this.#open.has(host_id)) void this.#read(host_id);
  }

  async #read(hostId: HostId): Promise<void> {
    try {
      this.byHost.set(hostId, await call("connection_history", { host_id: hostId }));
      this.errors.delete(hostId);
    } catch (thrown) {
      this.errors.set(hostId, toErrorInfo(thrown));
    }
  }
}

/** The past hours of the connections. */
export const histories = new HistoryState();
