export { default as LogsList } from "./LogsList.svelte";
export { default as LogsMain } from "./LogsMain.svelte";
