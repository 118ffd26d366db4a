import { SvelteMap } from "svelte/reactivity";
import type {
  Cleaned,
  DeployedVersion,
  ErrorInfo,
  HostId,
  RequestId,
  TaskInfo,
  TaskKind,
  VersionList,
} from "../ipc/bindings";
import { bytes, milliseconds } from "../i18n/format";
import { toErrorInfo } from "../ipc/errors";
import { onMessage, onSnapshot } from "../ipc/events";
import { hostName } from "./host-name";
import { hosts } from "./hosts.svelte";
import { isOver, tasks } from "./tasks.svelte";
import { toasts } from "./toasts.svelte";
import { m } from "../paraglide/messages.js";

/** What changes the versions of a host, or which of them runs. */
const CHANGES: ReadonlySet<TaskKind> = new Set(["deploy", "rollback", "stop", "clean"]);

/** The versions that each host keeps, as it told last. */
class VersionState {
  #lists = new SvelteMap<HostId, VersionList>();
  /** Why the last list, rollback or clean-up did not work. */
  #errors = new SvelteMap<HostId, ErrorInfo>();
  #removable = new SvelteMap<HostId, Cleaned>();

  constructor() {
    onSnapshot(({ tasks: known }) => {
      for (const task of known) this.#take(task);
    });
    onMessage(({ request_id, body }) => {
      if (body.type !== "complete" && body.type !== "error") return;
      const task = tasks.get(request_id);
      if (!task) return;
      this.#take(task);
      this.#tell(task);
      const hostId = task.subject.host_id;
      const dryRun = body.type === "complete" && body.data.type === "clean" && body.data.data.dry_run;
      if (hostId === null || !CHANGES.has(task.subject.kind) || dryRun) return;
      // Read again where somebody has looked at it.
      if (this.#lists.has(hostId)) this.load(hostId).catch((thrown: unknown) => this.#fail(hostId, thrown));
    });
  }

  get(hostId: HostId): VersionList | undefined {
    return this.#lists.get(hostId);
  }

  error(hostId: HostId): ErrorInfo | undefined {
    return this.#errors.get(hostId);
  }

  /** Whether the list is on its way. */
  loading(hostId: HostId): boolean {
    return this.#running(hostId, "versions") !== undefined;
  }

  /** The rollback that is under way. */
  rollingBack(hostId: HostId): TaskInfo | undefined {
    return this.#running(hostId, "rollback");
  }

  /** The version that a rollback would go back to, if it can. */
  previous(hostId: HostId): DeployedVersion | undefined {
    return this.#lists.get(hostId)?.versions.find(({ role, usable }) => role === "previous" && usable);
  }

  /** What a clean-up would remove, once the host has told. */
  removable(hostId: HostId): Cleaned | undefined {
    return this.#removable.get(hostId);
  }

  /** Asks the host which versions it keeps. */
  async load(hostId: HostId): Promise<void> {
    if (!this.loading(hostId)) await tasks.versions(hostId);
  }

  /** Goes back to a version; to the previous one when it is null. */
  async rollBack(hostId: HostId, version: string | null): Promise<RequestId> {
    this.#errors.delete(hostId);
    return tasks.rollback(hostId, version);
  }

  /** Asks the host what a clean-up would remove. */
  async look(hostId: HostId): Promise<void> {
    this.#removable.delete(hostId);
    this.#errors.delete(hostId);
    await tasks.clean(hostId, true);
  }

  async clean(hostId: HostId): Promise<void> {
    await tasks.clean(hostId, false);
  }

  #running(hostId: HostId, kind: TaskKind): TaskInfo | undefined {
    const task = tasks.latest(hostId, kind);
    return task && !isOver(task) ? task : undefined;
  }

  #take({ subject: { kind, host_id: hostId }, outcome }: TaskInfo): void {
    if (hostId === null || outcome === null) return;
    if (outcome.type === "error") {
      if (["versions", "rollback", "clean"].includes(kind) && outcome.data.code !== "cancelled")
        this.#errors.set(hostId, outcome.data);
      return;
    }
    const result = outcome.data;
    if (result.type === "versions") {
      this.#lists.set(hostId, result.data);
      this.#errors.delete(hostId);
    } else if (result.type === "clean" && result.data.dry_run) this.#removable.set(hostId, result.data);
    else if (result.type === "clean") this.#removable.delete(hostId);
    else if (result.type === "uninstall") this.#lists.delete(hostId);
  }

  /** Says what went well where the person may have gone elsewhere meanwhile. */
  #tell({ subject, outcome }: TaskInfo): void {
    const view = hosts.get(subject.host_id);
    if (!view || outcome?.type !== "complete") return;
    const result = outcome.data;
    const name = (): string => hostName(view.host);
    if (result.type === "rollback") {
      const { model, total_ms } = result.data;
      toasts.done(() => m.versions_rolled_back({ name: name(), model, took: milliseconds(total_ms) }));
    } else if (result.type === "clean" && !result.data.dry_run) {
      const freed = result.data.removed_bytes;
      toasts.done(() => m.versions_cleaned({ name: name(), bytes: bytes(freed) }));
    }
  }

  #fail(hostId: HostId, thrown: unknown): void {
    this.#errors.set(hostId, toErrorInfo(thrown));
  }
}

/** What the hosts keep. */
export const versions = new VersionState();
