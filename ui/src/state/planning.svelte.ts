import { SvelteMap } from "svelte/reactivity";
import type { DeployRequest, ErrorInfo, HostId, PlannedDeploy, RequestId, TaskOutcome } from "../ipc/bindings";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { onMessage, onSnapshot } from "../ipc/events";
import { isOver, tasks } from "./tasks.svelte";

/** A request that changes is asked about once it rests so long, milliseconds. */
export const REST_MS = 500;

/** What is known of a host's plan: the last answer stays until the next one is there. */
export interface Planned {
  answer: PlannedDeploy | null;
  /** What the answer is about, as {@link planKey} writes it. */
  key: string;
  /** When the answer came, ms since the epoch, and how long it took. */
  at: number;
  tookMs: number;
  /** Why there is no answer to the last question. */
  error: ErrorInfo | null;
  /** Whether a question is under way or about to be asked. */
  pending: boolean;
}

const NOTHING_YET: Planned = { answer: null, key: "", at: 0, tookMs: 0, error: null, pending: false };

/** The part of a request that a plan depends on: permissions change nothing of what would be done. */
export function planKey(request: DeployRequest): string {
  return JSON.stringify({ ...request, overrides: [], bring: null });
}

/** One question to a host at a time: the next one waits until the outdated one has ended. */
interface Asking {
  request: DeployRequest;
  /** Whether nobody waits for the answer any more. */
  left: boolean;
  startedAt: number;
  /** Null until the command has answered. */
  requestId: RequestId | null;
}

/** Asks hosts what a deploy would do there. */
class PlanningState {
  #planned = new SvelteMap<HostId, Planned>();
  #asking = new Map<HostId, Asking>();
  #wanted = new Map<HostId, DeployRequest>();
  #timers = new Map<HostId, ReturnType<typeof setTimeout>>();

  constructor() {
    onSnapshot(() => {
      for (const [hostId, { requestId }] of this.#asking) {
        const task = tasks.get(requestId);
        if (requestId === null || (task && !isOver(task))) continue;
        this.#end(hostId, task?.outcome ?? null);
      }
    });
    onMessage(({ request_id, body }) => {
      if (body.type !== "complete" && body.type !== "error") return;
      for (const [hostId, { requestId }] of this.#asking) if (requestId === request_id) this.#end(hostId, body);
    });
  }

  get(hostId: HostId): Planned {
    return this.#planned.get(hostId) ?? NOTHING_YET;
  }

  /** Asks about a request now, whatever was asked before. */
  ask(request: DeployRequest): void {
    const hostId = request.host_id;
    this.#rest(hostId);
    this.#wanted.set(hostId, request);
    this.#show(hostId, { pending: true });
    void this.#go(hostId);
  }

  /** Asks about a request once it rests, unless that is known or being asked. */
  follow(request: DeployRequest): void {
    const hostId = request.host_id;
    const key = planKey(request);
    this.#rest(hostId);
    if (key === this.#lastKey(hostId)) return this.#show(hostId, { pending: this.#asking.has(hostId) });
    this.#show(hostId, { pending: true });
    this.#timers.set(hostId, setTimeout(() => this.ask(request), REST_MS));
  }

  /** Nobody waits for an answer any more: ends the question that is under way. */
  leave(hostId: HostId): void {
    this.#rest(hostId);
    this.#wanted.delete(hostId);
    const asking = this.#asking.get(hostId);
    if (asking) {
      asking.left = true;
      this.#cancel(asking);
    }
    this.#show(hostId, { pending: false });
  }

  /** What was asked last and is not outdated, or else what the answer is about. */
  #lastKey(hostId: HostId): string {
    const wanted = this.#wanted.get(hostId);
    if (wanted) return planKey(wanted);
    const asking = this.#asking.get(hostId);
    if (!asking) return this.get(hostId).key;
    return asking.left ? "" : planKey(asking.request);
  }

  async #go(hostId: HostId): Promise<void> {
    const running = this.#asking.get(hostId);
    if (running) return this.#cancel(running);
    const request = this.#wanted.get(hostId);
    if (!request) return;
    this.#wanted.delete(hostId);
    const asking: Asking = { request, left: false, startedAt: Date.now(), requestId: null };
    this.#asking.set(hostId, asking);
    try {
      asking.requestId = await tasks.plan(request);
    } catch (thrown) {
      return this.#end(hostId, { type: "error", data: toErrorInfo(thrown) });
    }
    // It may be outdated already, or over before the command has answered.
    const task = tasks.get(asking.requestId);
    if (task && isOver(task)) this.#end(hostId, task.outcome);
    else if (this.#wanted.has(hostId) || asking.left) this.#cancel(asking);
  }

  #cancel({ requestId }: Asking): void {
    // Without an id yet it is cancelled as soon as the command has answered. One that ended meanwhile says so itself.
    if (requestId !== null) call("task_cancel", { request_id: requestId }).catch(() => undefined);
  }

  #end(hostId: HostId, outcome: TaskOutcome | null): void {
    const asking = this.#asking.get(hostId);
    if (!asking) return;
    this.#asking.delete(hostId);
    // The program does not know it any more, as after a restart: it is asked once more.
    if (outcome === null && !asking.left && !this.#wanted.has(hostId)) this.#wanted.set(hostId, asking.request);
    if (this.#wanted.has(hostId)) return void this.#go(hostId);
    const pending = this.#timers.has(hostId);
    if (asking.left) return this.#show(hostId, { pending });
    const key = planKey(asking.request);
    const at = Date.now();
    if (outcome?.type === "complete" && outcome.data.type === "plan")
      this.#show(hostId, { answer: outcome.data.data, key, at, tookMs: at - asking.startedAt, error: null, pending });
    else this.#show(hostId, { key, error: outcome?.type === "error" ? outcome.data : null, pending });
  }

  #rest(hostId: HostId): void {
    clearTimeout(this.#timers.get(hostId));
    this.#timers.delete(hostId);
  }

  #show(hostId: HostId, part: Partial<Planned>): void {
    this.#planned.set(hostId, { ...this.get(hostId), ...part });
  }
}

/** What the hosts say a deploy would do. */
export const planning = new PlanningState();
