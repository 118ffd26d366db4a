export { default as SettingsList } from "./SettingsList.svelte";
export { default as SettingsMain } from "./SettingsMain.svelte";
export { groupLabel, ROWS } from "./rows";
