import { LogsList, LogsMain } from "../../features/logs";
import type { Panes } from "../sections.svelte";

export const panes = (): Panes => ({ List: LogsList, Main: LogsMain, Inspector: null });
