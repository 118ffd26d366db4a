import type { ConnectionState, HostId, RequestId } from "../ipc/bindings";
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { chooseFile } from "../ipc/dialog";
import { onMessage, onSnapshot } from "../ipc/events";
import { CallError } from "../ipc/errors";
import { connections } from "./connections.svelte";
import { hosts } from "./hosts.svelte";
import { firstPlan, type Plan } from "./plan.svelte";
import { planning } from "./planning.svelte";
import { isOver, tasks } from "./tasks.svelte";
import { toasts } from "./toasts.svelte";

/** The plans being made and the deploys they became. */
class PlanState {
  #plans = new Map<HostId, Plan>();
  /** The deploy that a host's page shows; without one it shows the plan. */
  #shown = new SvelteMap<HostId, RequestId>();

  /** Hosts whose connection is asked for, until the command has answered. */
  #asking = new SvelteSet<HostId>();

  constructor() {
    onSnapshot(() => {
      for (const [hostId, requestId] of this.#shown) if (!tasks.get(requestId)) this.#shown.delete(hostId);
    });
    onMessage(({ body }) => {
      if (body.type === "complete" && body.data.type === "deploy") this.#connect(body.data.data.deployment.host_id);
    });
  }

  /** The plan of a host: what was chosen last, else what is deployed there, else the practice model. */
  of(hostId: HostId): Plan {
    let plan = this.#plans.get(hostId);
    if (!plan) {
      plan = firstPlan(hostId, hosts.get(hostId)?.deployment ?? null);
      this.#plans.set(hostId, plan);
    }
    return plan;
  }

  /** Whether the person has chosen something for this host since the start. */
  has(hostId: HostId): boolean {
    return this.#plans.has(hostId);
  }

  /** The deploy that the page shows: the one that runs, or the one that was started from here. */
  shown(hostId: HostId): RequestId | null {
    const latest = tasks.latest(hostId, "deploy");
    if (latest && !isOver(latest)) return latest.request_id;
    return this.#shown.get(hostId) ?? null;
  }

  /** Shows how the last deploy ended; false when it is not known any more. */
  showLast(hostId: HostId): boolean {
    const latest = tasks.latest(hostId, "deploy");
    if (latest) this.#shown.set(hostId, latest.request_id);
    return latest !== undefined;
  }

  /** Whether the connection that follows a deploy is on its way: not there yet, and not failed. */
  connecting(hostId: HostId): boolean {
    if (this.#asking.has(hostId)) return true;
    const task = tasks.latest(hostId, "connect");
    if (!task || isOver(task)) return false;
    const state = connections.get(hostId)?.state;
    return state === undefined || ON_ITS_WAY.has(state);
  }

  /** Goes back from a deploy that ended to the plan. */
  edit(hostId: HostId): void {
    this.#shown.delete(hostId);
  }

  /** Deploys what is planned. Rejects with the backend's error when it cannot even begin. */
  async start(hostId: HostId): Promise<void> {
    // The deploy looks at the host itself; a plan of it that is still being made is of no use.
    planning.leave(hostId);
    this.#shown.set(hostId, await tasks.deploy(this.of(hostId).request(hostId)));
  }

  /** Asks for a model file of this computer; false when none was chosen. */
  async chooseFile(hostId: HostId, title: string): Promise<boolean> {
    const path = await chooseFile(title, [{ name: "GGUF", extensions: ["gguf"] }]);
    if (path !== null) this.of(hostId).model.localFile = path;
    return path !== null;
  }

  /** A deploy ends with a server that answers: the next thing anybody wants is to talk to it. */
  #connect(hostId: HostId): void {
    const state = connections.get(hostId)?.state ?? "disconnected";
    if (state !== "disconnected" && state !== "needs_attention") return;
    this.#asking.add(hostId);
    tasks
      .connect(hostId)
      .catch((thrown: unknown) => {
        if (!(thrown instanceof CallError && thrown.info.code === "busy")) toasts.error(thrown);
      })
      .finally(() => this.#asking.delete(hostId));
  }
}

/** States of a connection that is opened for the first time. */
const ON_ITS_WAY: ReadonlySet<ConnectionState> = new Set([
  "connecting",
  "authenticating",
  "waiting_for_user",
  "loading",
]);

/** The plans of the hosts. */
export const plans = new PlanState();
