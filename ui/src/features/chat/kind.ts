import type { SessionKind } from "../../ipc/bindings";
import { app } from "../../state/app.svelte";
import { chats } from "../../state/chats.svelte";
import { mode } from "../../state/mode.svelte";

/** What is open in Chats: the kind of the conversation, or what a new one is to become. */
export function openKind(): SessionKind {
  const session = app.sessionId === null ? undefined : chats.sessions.get(app.sessionId);
  if (session) return session.kind;
  return app.sessionId === null ? mode.value : "chat";
}
