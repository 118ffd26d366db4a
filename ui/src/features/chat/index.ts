export { default as ChatInspector } from "./ChatInspector.svelte";
export { default as ChatMain } from "./ChatMain.svelte";
