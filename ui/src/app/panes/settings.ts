import { SettingsList, SettingsMain } from "../../features/settings";
import type { Panes } from "../sections.svelte";

export const panes = (): Panes => ({ List: SettingsList, Main: SettingsMain, Inspector: null });
