import { hideWindow, onOpenRequest, openInMain } from "../ipc/window";
import { app } from "./app.svelte";
import { toasts } from "./toasts.svelte";

/** Puts the small window out of sight; its conversation stays. */
export function hideQuick(): void {
  hideWindow().catch((thrown: unknown) => toasts.error(thrown));
}

/** Goes on with the conversation of the small window in the large one. */
export function leaveQuick(): void {
  openInMain(app.sessionId)
    .then(hideWindow)
    .catch((thrown: unknown) => toasts.error(thrown));
}

// The small window asks the large one.
if (!app.quick)
  onOpenRequest((sessionId) => {
    if (sessionId === null) app.newChat();
    else app.openSession(sessionId);
  });
