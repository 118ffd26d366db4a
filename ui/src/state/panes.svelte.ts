import { MediaQuery } from "svelte/reactivity";
import { app } from "./app.svelte";

/** Below this width the inspector is a drawer. */
const inspectorFits = new MediaQuery("(min-width: 1100px)", true);
/** Below this width the list is one too. */
const listFits = new MediaQuery("(min-width: 960px)", true);

/** Which panes stand beside the main one now. */
export function panesShown(): { list: boolean; inspector: boolean } {
  return {
    list: listFits.current && app.listOpen,
    inspector: inspectorFits.current && app.inspectorOpen,
  };
}

/** Shows or hides the list, as a pane or as a drawer. */
export function toggleList(): void {
  app.toggleList(!listFits.current);
}

/** Shows or hides the inspector, as a pane or as a drawer. */
export function toggleInspector(): void {
  app.toggleInspector(!inspectorFits.current);
}

/** What every section's header bar is given. */
export function barProps(inspector: boolean) {
  if (app.quick) return { listShown: true, onlist: toggleList };
  const shown = panesShown();
  return {
    listShown: shown.list,
    onlist: toggleList,
    ...(inspector ? { inspectorShown: shown.inspector || app.drawer === "inspector", oninspector: toggleInspector } : {}),
  };
}
