import type { MessageId, SessionId } from "../../ipc/bindings";
import { branchFrom, editMessage, showVersion } from "../../state/branches";
import { app } from "../../state/app.svelte";
import { chats } from "../../state/chats.svelte";
import { drafts } from "../../state/drafts.svelte";
import type { ChatMessage } from "../../state/thread.svelte";
import type { Target } from "./target";

/** What can be done with the messages of a thread; what is absent cannot be done now. */
export interface ThreadActions {
  /** Shows another version of a message. */
  onversion?: (id: MessageId) => void;
  /** Answers the question before an answer once more. */
  onretry?: (message: ChatMessage) => void;
  /** Goes on writing an answer. */
  oncontinue?: (message: ChatMessage) => void;
  /** Sends a message of the person in another wording; resolves to whether it was taken. */
  onresend?: (message: ChatMessage, text: string) => Promise<boolean>;
  /** Puts another text in the place of an answer's; resolves to whether it was taken. */
  onedit?: (message: ChatMessage, text: string) => Promise<boolean>;
  /** Opens a copy of the conversation up to a message. */
  onbranch?: (message: ChatMessage) => void;
  /** Puts a text into the composer as a quotation. */
  onquote?: (text: string) => void;
}

/** A text as Markdown quotes it. */
export function quoted(text: string): string {
  return `${text
    .trim()
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n")}\n\n`;
}

/** What can be done in a conversation now. Reads stores, so it follows them where Svelte watches. */
export function actionsOf(sessionId: SessionId, target: Target): ThreadActions {
  const isBusy = chats.active.has(sessionId) || chats.sending.has(sessionId);
  const always: ThreadActions = {
    onbranch: (message) => void branchFrom(sessionId, message.id),
    onquote: (text) => {
      drafts.append(sessionId, quoted(text));
      app.composerFocus += 1;
    },
  };
  if (isBusy) return always;
  always.onversion = (id) => void showVersion(sessionId, id);
  always.onedit = (message, text) => editMessage(sessionId, message.id, text);
  const hostId = target.host?.host.id;
  if (hostId === undefined || target.obstacle !== null) return always;
  return {
    ...always,
    onretry: (message) => void chats.retry(sessionId, hostId, message.id),
    oncontinue: (message) => void chats.goOn(sessionId, hostId, message.id),
    onresend: (message, text) =>
      chats.send(sessionId, hostId, text, { replaces: message.id, attachments: message.attachments.map(({ id }) => id) }),
  };
}
