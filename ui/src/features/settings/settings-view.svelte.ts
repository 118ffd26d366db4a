import type { GroupId } from "./rows";

/** What the panes of Settings share. */
class SettingsView {
  search = $state("");
  group = $state<GroupId>("general");
}

/** The state of the Settings section that outlives its panes. */
export const settingsView = new SettingsView();
