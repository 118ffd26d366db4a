import type { CompactionId, MessageId, SessionId, SessionView } from "../ipc/bindings";
import { call } from "../ipc/call";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { toasts } from "./toasts.svelte";

/** Takes what a conversation shows from now on; false when the backend refuses. */
async function look(run: () => Promise<SessionView>): Promise<boolean> {
  try {
    chats.take(await run());
    return true;
  } catch (thrown) {
    toasts.error(thrown);
    return false;
  }
}

/** Shows the branch on which a message lies. */
export function showVersion(sessionId: SessionId, messageId: MessageId): Promise<boolean> {
  return look(() => call("message_show", { session_id: sessionId, message_id: messageId }));
}

/** Puts another text beside a message's, without asking a model. */
export function editMessage(sessionId: SessionId, messageId: MessageId, text: string): Promise<boolean> {
  return look(() => call("message_edit", { session_id: sessionId, message_id: messageId, text }));
}

/** Sends again what a compaction covered. */
export function removeCompaction(sessionId: SessionId, compactionId: CompactionId): Promise<boolean> {
  return look(() => call("compaction_remove", { session_id: sessionId, compaction_id: compactionId }));
}

/** Opens a copy of a conversation up to a message. */
export async function branchFrom(sessionId: SessionId, messageId: MessageId): Promise<void> {
  try {
    const copy = await call("session_duplicate", { session_id: sessionId, until: messageId });
    chats.sessions.set(copy.id, copy);
    app.openSession(copy.id);
    app.composerFocus += 1;
  } catch (thrown) {
    toasts.error(thrown);
  }
}
