export { default as MetricsList } from "./MetricsList.svelte";
export { default as MetricsMain } from "./MetricsMain.svelte";
