import { openWebPage } from "../ipc/opener";
import { toasts } from "./toasts.svelte";

/** Opens a web page in the user's browser; says so when that did not work. */
export async function openLink(address: string): Promise<void> {
  try {
    await openWebPage(address);
  } catch (thrown) {
    toasts.error(thrown);
  }
}
