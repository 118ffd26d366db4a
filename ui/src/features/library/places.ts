import type { SearchHit } from "../../ipc/bindings";
import { stretches, wordsOf, type Place } from "../../shared/mark-words";
import { withoutSigns } from "../../shared/markdown/signs";
import type { ChatMessage } from "../../state/thread.svelte";

/** Places of one message that are stepped through at most. */
const MOST = 2_000;

/**
 * The places of a conversation where words stand, message after message. They are counted in the text without the
 * signs of Markdown, which is what is marked when it is drawn. A message that the search has found has one at least:
 * it may know another form of the word.
 */
export function placesOf(hits: readonly SearchHit[], text: string, messages: readonly ChatMessage[]): Place[] {
  const words = wordsOf(text);
  const byId = new Map(messages.map((message) => [message.id, message]));
  return hits.flatMap(({ message_id: messageId }) => {
    if (messageId === null) return [];
    const message = byId.get(messageId);
    const count = message ? stretches(withoutSigns(message.content), words).length : 1;
    return Array.from({ length: Math.min(MOST, Math.max(1, count)) }, (_, place) => ({ messageId, place }));
  });
}
