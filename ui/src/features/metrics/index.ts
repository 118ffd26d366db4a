export { default as MetricsMain } from "./MetricsMain.svelte";
