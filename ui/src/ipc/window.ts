import { isTauri } from "@tauri-apps/api/core";
import { emitTo, listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { getCurrentWindow, Window } from "@tauri-apps/api/window";

// The development server shows the page in a browser, where there is one window only.

/** Said by the small window, and where a notification is clicked (`src-tauri/src/announce.rs`). */
const OPEN = "open-session";

/** Puts this window out of sight; what it shows stays. */
export async function hideWindow(): Promise<void> {
  if (isTauri()) await getCurrentWindow().hide();
}

/** Brings the large window to the front and lets it open a conversation, or a new one. */
export async function openInMain(sessionId: string | null): Promise<void> {
  if (!isTauri()) return;
  const main = await Window.getByLabel("main");
  await main?.show();
  await main?.setFocus();
  await emitTo("main", OPEN, sessionId);
}

/** Called when the large window is asked to open a conversation. */
export function onOpenRequest(handler: (sessionId: string | null) => void): void {
  if (isTauri()) void listen<string | null>(OPEN, ({ payload }) => handler(payload));
}

/** Draws everything in this window larger or smaller, as a web view does it itself: widths count in enlarged pixels. */
export async function setZoom(percent: number): Promise<void> {
  if (isTauri()) await getCurrentWebview().setZoom(percent / 100);
  else document.documentElement.style.setProperty("zoom", percent === 100 ? "" : `${percent}%`);
}
