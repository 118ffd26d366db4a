import { MetricsList, MetricsMain } from "../../features/metrics";
import type { Panes } from "../sections.svelte";

export const panes = (): Panes => ({ List: MetricsList, Main: MetricsMain, Inspector: null });
