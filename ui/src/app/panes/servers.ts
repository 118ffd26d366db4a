import { DeployInspector, DeployMain } from "../../features/deploy";
import { HostMain, ServersInspector, ServersList, ServersMain } from "../../features/servers";
import { app } from "../../state/app.svelte";
import { hosts } from "../../state/hosts.svelte";
import { plans } from "../../state/plans.svelte";
import type { Panes } from "../sections.svelte";

export function panes(): Panes {
  if (app.deployHostId === null)
    return {
      List: ServersList,
      Main: hosts.get(app.hostPageId) ? HostMain : ServersMain,
      Inspector: ServersInspector,
    };
  // A plan has its own second column; the inspector comes with the run.
  return {
    List: ServersList,
    Main: DeployMain,
    Inspector: plans.shown(app.deployHostId) === null ? null : DeployInspector,
  };
}
