export { default as HostMain } from "./HostMain.svelte";
export { default as ServersInspector } from "./ServersInspector.svelte";
export { default as ServersList } from "./ServersList.svelte";
export { default as ServersMain } from "./ServersMain.svelte";
