import type { ConnectionStatus, HostId } from "../ipc/bindings";
import { SvelteMap } from "svelte/reactivity";
import { call } from "../ipc/call";
import { onBody, onMessage, onSnapshot } from "../ipc/events";

/** What each host's connection does now. */
class ConnectionStateMap {
  byHost = new SvelteMap<HostId, ConnectionStatus>();

  constructor() {
    onSnapshot((snapshot) => {
      this.byHost.clear();
      for (const status of snapshot.connections) this.byHost.set(status.host_id, status);
    });
    onBody("progress", (progress) => {
      if (progress.type === "connection") this.byHost.set(progress.data.host_id, progress.data);
    });
    onBody("complete", (result) => {
      if (result.type === "connect") this.byHost.set(result.data.host_id, result.data);
    });
    onMessage(({ request_id, body, timestamp }) => {
      // The task is over: whatever it held is gone, even if its last status did not say so.
      if (body.type !== "error") return;
      for (const [hostId, status] of this.byHost)
        // One that needs the person keeps saying so.
        if (status.request_id === request_id && status.state !== "disconnected" && status.state !== "needs_attention")
          this.byHost.set(hostId, {
            ...status,
            state: "disconnected",
            reason: body.data.code === "cancelled" ? null : body.data,
            since: timestamp,
          });
    });
  }

  get(hostId: HostId | null): ConnectionStatus | undefined {
    return hostId === null ? undefined : this.byHost.get(hostId);
  }

  /** Connections that answer, the oldest first. */
  get usable(): ConnectionStatus[] {
    return [...this.byHost.values()].filter(({ state }) => state === "connected" || state === "degraded");
  }

  async stop(hostId: HostId): Promise<void> {
    await call("connect_stop", { host_id: hostId });
  }
}

/** The connections to the hosts. */
export const connections = new ConnectionStateMap();
