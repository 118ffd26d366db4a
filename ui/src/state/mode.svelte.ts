import type { SessionKind } from "../ipc/bindings";
import { app } from "./app.svelte";

/** What the next new conversation becomes. */
class ModeState {
  value = $state<SessionKind>("chat");

  /** Opens an empty conversation of a kind. */
  begin(kind: SessionKind): void {
    this.value = kind;
    app.newChat();
  }
}

/** One model, several side by side, or several among themselves. */
export const mode = new ModeState();
