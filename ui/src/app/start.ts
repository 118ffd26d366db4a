import { app } from "../state/app.svelte";
import { toasts } from "../state/toasts.svelte";
import { loadSection } from "./sections.svelte";
import "./stores";

/** How long the frame of index.html may stand alone, milliseconds: a start that is not slow takes less. */
const FRAME_MS = 500;

/** The small window of the global shortcut. */
export const quick = () => import("./Quick.svelte");

/** Fetches the program's text for what is seen first. */
async function loadFirst(): Promise<void> {
  if (app.quick) await quick();
  else if (!app.isNew) await loadSection(app.section);
}

/**
 * Fetches what the first picture shows: it is drawn once, with everything in it. Resolves when it is there, or when
 * it takes so long that the window has to say so.
 */
export async function start(): Promise<void> {
  void app.start();
  const loading = Promise.all([app.begun, loadFirst()]).catch((thrown: unknown) => void toasts.error(thrown));
  await Promise.race([loading, new Promise((late) => setTimeout(late, FRAME_MS))]);
}
