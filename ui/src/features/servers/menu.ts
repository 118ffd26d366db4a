import CircleStop from "lucide/dist/esm/icons/circle-stop.mjs";
import Copy from "lucide/dist/esm/icons/copy.mjs";
import Pencil from "lucide/dist/esm/icons/pencil.mjs";
import Ship from "lucide/dist/esm/icons/ship.mjs";
import ScanSearch from "lucide/dist/esm/icons/scan-search.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
import Stethoscope from "lucide/dist/esm/icons/stethoscope.mjs";
import CircleMinus from "lucide/dist/esm/icons/circle-minus.mjs";
import type { HostView } from "../../ipc/bindings";
import { m } from "../../paraglide/messages.js";
import type { MenuItem } from "../../shared/Menu.svelte";
import { copyText } from "../../shared/clipboard";
import type { Condition } from "../../state/condition";
import { connections } from "../../state/connections.svelte";
import { LOCAL } from "../../state/hosts.svelte";
import { toasts } from "../../state/toasts.svelte";
import { diagnose, isBusy, openPlan, remove } from "./actions";
import { serversView } from "./servers-view.svelte";

/** Everything else that can be done with a host. */
export function menuOf(view: HostView, condition: Condition): MenuItem[] {
  const { id } = view.host;
  const busy = isBusy(condition);
  const url = connections.get(id)?.local_url;
  const items: MenuItem[] = [
    {
      label: m.servers_rename(),
      icon: Pencil,
      testid: "server-rename",
      run: () => (serversView.dialog = { kind: "rename", hostId: id }),
    },
    {
      label: view.deployment ? m.servers_deploy_again() : m.servers_deploy(),
      icon: Ship,
      disabled: busy,
      testid: "server-deploy",
      run: () => openPlan(view),
    },
    { label: m.servers_check(), icon: ScanSearch, disabled: busy, testid: "server-check", run: () => openPlan(view) },
  ];
  items.push({ label: m.host_diagnose(), icon: Stethoscope, testid: "server-diagnose", run: () => diagnose(view) });
  if (url) items.push({ label: m.servers_copy_address(), icon: Copy, run: () => void copyAddress(url) });
  if (view.deployment)
    items.push({
      label: m.versions_stop(),
      icon: CircleStop,
      danger: true,
      disabled: busy,
      testid: "server-stop-engine",
      run: () => (serversView.dialog = { kind: "stop", hostId: id }),
    });
  if (view.deployment)
    items.push({
      label: m.servers_uninstall(),
      icon: Trash,
      danger: true,
      disabled: busy,
      testid: "server-uninstall",
      run: () => (serversView.dialog = { kind: "uninstall", hostId: id }),
    });
  // This computer is always on the list.
  if (id !== LOCAL)
    items.push({
      label: m.servers_remove(),
      icon: CircleMinus,
      danger: true,
      disabled: busy,
      testid: "server-remove",
      run: () => remove(view),
    });
  return items;
}

async function copyAddress(url: string): Promise<void> {
  if (await copyText(url)) toasts.done(() => m.app_copied());
}
