import type { HostView } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";
import { app } from "../../state/app.svelte";
import type { Condition } from "../../state/condition";
import { connections } from "../../state/connections.svelte";
import { diagnoses } from "../../state/diagnoses.svelte";
import { hostName } from "../../state/host-name";
import { hosts } from "../../state/hosts.svelte";
import { plans } from "../../state/plans.svelte";
import { tasks } from "../../state/tasks.svelte";
import { toasts } from "../../state/toasts.svelte";
import { versions } from "../../state/versions.svelte";
import { serversView } from "./servers-view.svelte";

/** The one thing to do next with a host. */
export interface PrimaryAction {
  label: string;
  /** The next step of the path has the filled button; undoing something has not. */
  kind: "primary" | "secondary";
  run: () => void;
}

/** Whether a host is at something that leaves it with another deployment, or none. */
export function isBusy({ kind }: Condition): boolean {
  return kind === "deploying" || kind === "removing" || kind === "rolling_back" || kind === "stopping";
}

function told(work: Promise<unknown>): void {
  work.catch((thrown: unknown) => toasts.error(thrown));
}

export function connect(view: HostView): void {
  told(tasks.connect(view.host.id));
}

export function disconnect(view: HostView): void {
  told(connections.stop(view.host.id));
}

/** Opens a host's page and looks at the way to its model. */
export function diagnose(view: HostView): void {
  app.openHost(view.host.id);
  told(diagnoses.start(view.host.id));
}

/** Whether the tunnel to a host starts with Slipway from now on. */
export function keep(view: HostView, kept: boolean): void {
  told(hosts.keep(view.host.id, kept));
}

/** Opens the plan of a host, to deploy something else or again. */
export function openPlan(view: HostView): void {
  plans.edit(view.host.id);
  app.openDeploy(view.host.id);
}

/** Asks a host which versions it keeps. */
export function loadVersions(view: HostView): void {
  told(versions.load(view.host.id));
}

/** Goes back to a version. */
export function rollBack(view: HostView, version: string): void {
  told(versions.rollBack(view.host.id, version));
}

/** Stops what runs on a host. */
export function stopEngine(view: HostView): void {
  told(tasks.stopEngine(view.host.id));
}

/** Takes a host off the list; what runs on it goes on. */
export function remove(view: HostView): void {
  const { id } = view.host;
  told(
    hosts.remove(id).then(() => {
      if (app.hostId === id) app.hostId = null;
      if (app.hostPageId === id) app.hostPageId = null;
      toasts.undo(
        () => m.servers_removed({ name: hostName(view.host) }),
        () => m.app_undo(),
        () => hosts.restore(id),
      );
    }),
  );
}

function retry(view: HostView, condition: Condition): void {
  const { id } = view.host;
  if (condition.failed === "connect") connect(view);
  else if (condition.failed === "uninstall") serversView.dialog = { kind: "uninstall", hostId: id };
  else if (condition.failed === "stop") stopEngine(view);
  // Which version it shall be is chosen on the host's page.
  else if (condition.failed === "rollback") app.openHost(id);
  else if (plans.has(id)) {
    told(plans.start(id));
    app.openDeploy(id);
  } else openPlan(view);
}

/** The primary action of a host in its state; null where there is nothing to do but wait. */
export function primaryAction(view: HostView, condition: Condition): PrimaryAction | null {
  switch (condition.kind) {
    case "empty":
      return { label: m.servers_deploy(), kind: "primary", run: () => openPlan(view) };
    case "ready":
      return { label: m.servers_connect(), kind: "primary", run: () => connect(view) };
    case "failed":
    case "attention":
      return { label: m.app_retry(), kind: "primary", run: () => retry(view, condition) };
    case "deploying":
    case "checking":
      return { label: m.servers_open(), kind: "secondary", run: () => app.openDeploy(view.host.id) };
    case "connecting":
    case "authenticating":
    case "waiting":
    case "loading":
    case "connected":
    case "degraded":
    case "reconnecting":
      return { label: m.servers_disconnect(), kind: "secondary", run: () => disconnect(view) };
    case "removing":
    case "rolling_back":
    case "stopping":
      return null;
  }
}
