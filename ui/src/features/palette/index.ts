export { default as Palette } from "./Palette.svelte";
export type { Entry } from "./find";
