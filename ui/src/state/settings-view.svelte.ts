import { app } from "./app.svelte";

/** A page of settings. */
export type GroupId = "general" | "chat" | "servers" | "models" | "data";

/** What the panes of Settings share. */
class SettingsView {
  search = $state("");
  group = $state<GroupId>("general");

  /** Opens a page of Settings from anywhere. */
  open(group: GroupId): void {
    this.group = group;
    this.search = "";
    app.open("settings");
  }
}

/** The state of the Settings section that outlives its panes. */
export const settingsView = new SettingsView();
