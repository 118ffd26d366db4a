import type { AttachmentId, ChatSend, HostId, MessageId } from "../ipc/bindings";
import { chats } from "./chats.svelte";
import { connections } from "./connections.svelte";
import { drafts, type Place } from "./drafts.svelte";

/** What a message carries besides its text. */
export interface Enclosed {
  attachments?: AttachmentId[];
  /** The message of the person that it is another version of. */
  replaces?: MessageId | null;
}

/** Which of a host's models is asked next: chosen, else the one of before; null leaves it to the host. */
export function modelFor(place: Place, hostId: HostId): string | null {
  if (drafts.host(place) === hostId) return drafts.model(place);
  const session = place === null ? undefined : chats.sessions.get(place);
  const offered = session?.host_id === hostId && connections.get(hostId)?.models.some(({ id }) => id === session.model);
  return offered ? session.model : null;
}

/** What would be sent: a message with all that belongs to it. */
export function chatRequest(place: Place, hostId: HostId, text: string, enclosed: Enclosed = {}): ChatSend {
  return {
    session_id: place,
    host_id: hostId,
    model: modelFor(place, hostId),
    text,
    attachments: enclosed.attachments ?? [],
    settings: drafts.settings(place),
    replaces: enclosed.replaces ?? null,
    stream: true,
  };
}
