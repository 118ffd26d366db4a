import { tick } from "svelte";
import { app } from "../state/app.svelte";
import { runCommand } from "../state/commands";
import { panesShown } from "../state/panes.svelte";
import { loadSection } from "./sections.svelte";

/** Shows the list of the section that is open, beside the main pane or over it. */
function showList(): void {
  if (panesShown().list) return;
  app.listOpen = true;
  if (!panesShown().list) app.drawer = "list";
}

/** Resolves once Chats is loaded and drawn. */
async function ready(): Promise<void> {
  await loadSection("chats");
  await tick();
}

/** Puts the cursor into the search over all conversations. */
export function searchAll(): void {
  app.open("chats");
  showList();
  void ready().then(() => runCommand("search_all"));
}

/** Opens the bar that finds in the open conversation, or puts the cursor into it. */
export function findInChat(): void {
  app.open("chats");
  app.findOpen = true;
  void ready().then(() => runCommand("find"));
}
