import type { Host, HostAdd, HostId, HostSuggestion, HostView } from "../ipc/bindings";
import { call, NOTHING } from "../ipc/call";
import { onBody, onMessage, onSnapshot } from "../ipc/events";
import { tasks } from "./tasks.svelte";

/** The id of this computer as a host. */
export const LOCAL: HostId = "local";

/** The address as a person writes it: `user@host`, with the port unless it is 22; empty for this computer. */
export function addressOf(host: Host): string {
  if (host.address.type === "local") return "";
  const { user, host: name, port } = host.address.data;
  const bare = name.includes(":") ? `[${name}]` : name;
  return port === 22 ? `${user}@${bare}` : `${user}@${bare}:${port}`;
}

/** `user@host:port` without the port that everybody uses. */
export function shortAddress(address: string): string {
  return address.replace(/:22$/, "");
}

/** The machines, in the order in which they were added. */
class HostState {
  list = $state.raw<HostView[]>([]);
  suggestions = $state.raw<HostSuggestion[]>([]);

  constructor() {
    onSnapshot((snapshot) => {
      this.list = snapshot.hosts;
    });
    onBody("complete", (result) => {
      if (result.type === "deploy") {
        const { deployment } = result.data;
        this.#update(deployment.host_id, (view) => ({ ...view, deployment, last_error: null }));
      }
    });
    onMessage((message) => {
      const { body } = message;
      if (body.type !== "complete" && body.type !== "error") return;
      const subject = tasks.get(message.request_id)?.subject;
      if (!subject?.host_id) return;
      if (body.type === "error" && subject.kind === "deploy" && body.data.code !== "cancelled")
        this.#update(subject.host_id, (view) => ({ ...view, last_error: body.data }));
      if (body.type === "complete" && subject.kind === "uninstall")
        this.#update(subject.host_id, (view) => ({ ...view, deployment: null, last_error: null }));
      // What is deployed now is another version: only the program knows all of it.
      if (body.type === "complete" && subject.kind === "rollback") void this.#reload().catch(() => undefined);
    });
  }

  get(hostId: HostId | null): HostView | undefined {
    return this.list.find((view) => view.host.id === hostId);
  }

  #update(hostId: HostId, change: (view: HostView) => HostView): void {
    this.list = this.list.map((view) => (view.host.id === hostId ? change(view) : view));
  }

  async #reload(): Promise<void> {
    this.list = await call("host_list", NOTHING);
  }

  /** Adds a machine by one line, or this computer by `local`; what is there already is returned. */
  async add(address: string, more: Partial<Omit<HostAdd, "address">> = {}): Promise<Host> {
    const host = await call("host_add", {
      address,
      name: null,
      identity: null,
      accepted_fingerprint: null,
      ...more,
    });
    await this.#reload();
    return host;
  }

  async rename(hostId: HostId, name: string): Promise<void> {
    const host = await call("host_rename", { host_id: hostId, name });
    this.#update(hostId, (view) => ({ ...view, host }));
  }

  /** Whether the tunnel to a machine starts with Slipway from now on. */
  async keep(hostId: HostId, keep: boolean): Promise<void> {
    const host = await call("host_keep", { host_id: hostId, keep });
    this.#update(hostId, (view) => ({ ...view, host }));
  }

  /** Removes a machine from the list; nothing on the machine itself changes. */
  async remove(hostId: HostId): Promise<void> {
    await call("host_remove", { host_id: hostId });
    this.list = this.list.filter((view) => view.host.id !== hostId);
  }

  async restore(hostId: HostId): Promise<void> {
    await call("host_restore", { host_id: hostId });
    await this.#reload();
  }

  /** Reads the aliases of `~/.ssh/config`. */
  async loadSuggestions(): Promise<void> {
    this.suggestions = await call("host_suggestions", NOTHING);
  }
}

/** The machines that Slipway knows. */
export const hosts = new HostState();
