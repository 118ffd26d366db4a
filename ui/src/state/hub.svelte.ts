import { SvelteMap } from "svelte/reactivity";
import type { ErrorInfo, HostId, HubListing, RequestId, TaskOutcome } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onMessage } from "../ipc/events";
import { app } from "./app.svelte";
import { isOver, tasks } from "./tasks.svelte";

/** A look into a repository of the model hub. */
export interface HubLook {
  repo: string;
  revision: string | null;
  /** Null until the command has answered. */
  requestId: RequestId | null;
  listing: HubListing | null;
  error: ErrorInfo | null;
}

/** Whether a look waits for its answer. */
export function isLooking(look: HubLook | undefined): boolean {
  return look !== undefined && look.listing === null && look.error === null;
}

/** Whether the repository asks for a token, or for a better one. */
export function wantsToken(look: HubLook | undefined): boolean {
  const code = look?.error?.code;
  if (code === "model_gated" || code === "hub_token_refused") return true;
  return Boolean(look?.listing?.gated || look?.listing?.private) && app.info?.hub_token === false;
}

/** What the model hub has, asked from each host, and the token that it knows Slipway by. */
class HubState {
  #looks = new SvelteMap<HostId, HubLook>();

  constructor() {
    onMessage(({ request_id, body }) => {
      if (body.type !== "complete" && body.type !== "error") return;
      for (const [hostId, look] of this.#looks) if (look.requestId === request_id) this.#end(hostId, look, body);
    });
  }

  get(hostId: HostId): HubLook | undefined {
    return this.#looks.get(hostId);
  }

  /** Looks what a repository has. The one before is given up. */
  async look(hostId: HostId, repo: string, revision: string | null): Promise<void> {
    const before = this.#looks.get(hostId);
    if (before?.requestId && isLooking(before)) tasks.cancel(before.requestId).catch(() => undefined);
    const look: HubLook = { repo, revision, requestId: null, listing: null, error: null };
    this.#looks.set(hostId, look);
    try {
      const requestId = await tasks.hub({ host_id: hostId, repo, revision });
      if (this.#looks.get(hostId) !== look) return void tasks.cancel(requestId).catch(() => undefined);
      const asked = { ...look, requestId };
      this.#looks.set(hostId, asked);
      const task = tasks.get(requestId);
      if (task && isOver(task)) this.#end(hostId, asked, task.outcome);
    } catch (thrown) {
      if (this.#looks.get(hostId) === look) this.#looks.set(hostId, { ...look, error: toErrorInfo(thrown) });
    }
  }

  /** Keeps a token in the keychain; null forgets it. */
  async setToken(token: string | null): Promise<void> {
    await call("hub_token_set", { token });
    if (app.info) app.info = { ...app.info, hub_token: token !== null };
  }

  #end(hostId: HostId, look: HubLook, outcome: TaskOutcome | null): void {
    if (outcome?.type === "complete" && outcome.data.type === "hub")
      this.#looks.set(hostId, { ...look, listing: outcome.data.data });
    else if (outcome?.type === "error") this.#looks.set(hostId, { ...look, error: outcome.data });
  }
}

/** The model hub. */
export const hub = new HubState();
