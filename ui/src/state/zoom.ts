import { settings } from "./settings.svelte";

/** The sizes that the keys step through, in percent; those of web browsers. WebKit draws no letters smaller than at 67. */
const STEPS = [67, 75, 80, 90, 100, 110, 125, 150, 175, 200];

/** Draws everything one step larger or smaller. */
export function zoom(direction: 1 | -1): void {
  const now = settings.value.zoom_percent;
  const next = direction === 1 ? STEPS.find((step) => step > now) : STEPS.findLast((step) => step < now);
  if (next !== undefined) void settings.change({ zoom_percent: next });
}

/** Back to the size that everything was drawn for. */
export function resetZoom(): void {
  if (settings.value.zoom_percent !== 100) void settings.change({ zoom_percent: 100 });
}
