import type { DeployedVersion, HostView } from "../../ipc/bindings";
import { hostName } from "../../state/host-name";
import { addressOf, hosts, LOCAL } from "../../state/hosts.svelte";

/** A question over the screen, about one host. */
export type HostDialog =
  | { kind: "rename" | "uninstall" | "stop" | "clean"; hostId: string }
  | { kind: "rollback"; hostId: string; version: DeployedVersion };

/** What the panes of Servers share: the search, the add line, the open dialog. */
class ServersView {
  search = $state("");
  /** Counts up whenever the add line is to take the focus. */
  addFocus = $state(0);
  /** The question over the screen. */
  dialog = $state.raw<HostDialog | null>(null);
}

/** The state of the Servers section that outlives its panes. */
export const serversView = new ServersView();

/** The hosts that match the search: those over SSH, and this computer. */
export function foundHosts(): { ssh: HostView[]; local: HostView | undefined } {
  const needle = serversView.search.trim().toLowerCase();
  const found = hosts.list.filter(({ host, deployment }) =>
    [hostName(host), addressOf(host), deployment?.model ?? ""].some((words) => words.toLowerCase().includes(needle)),
  );
  return {
    ssh: found.filter(({ host }) => host.id !== LOCAL),
    local: found.find(({ host }) => host.id === LOCAL),
  };
}
