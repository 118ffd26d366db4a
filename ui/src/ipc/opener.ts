import { openUrl } from "@tauri-apps/plugin-opener";

/** Opens a web page in the user's browser. Anything but http and https is refused. */
export async function openWebPage(address: string): Promise<void> {
  const url = new URL(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new Error(`not a web page: ${url.protocol}`);
  await openUrl(url.href);
}
