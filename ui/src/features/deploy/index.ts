export { default as DeployInspector } from "./DeployInspector.svelte";
export { default as DeployMain } from "./DeployMain.svelte";
