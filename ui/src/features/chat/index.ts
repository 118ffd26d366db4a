export { default as ChatInspector } from "./ChatsInspector.svelte";
export { default as ChatMain } from "./ChatsMain.svelte";
