export { default as ChatList } from "./ChatList.svelte";
export { default as FindBar } from "./FindBar.svelte";
export { default as LibraryDialogs } from "./LibraryDialogs.svelte";
