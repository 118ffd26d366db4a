export { default as FirstRun } from "./FirstRun.svelte";
