import type { SearchHit } from "../../ipc/bindings";
import { stretches, wordsOf, type Place } from "../../shared/mark-words";
import { markdown } from "../../shared/markdown/lazy.svelte";
import type { ChatMessage } from "../../state/thread.svelte";

/** Places of one message that are stepped through at most. */
const MOST = 2_000;

/**
 * The places of a conversation where words stand, message after message: the same that are marked where it is drawn.
 * A message that the search has found has one at least: it may know another form of the word. Gives those of one
 * message at a time, for long ones take a while to be read.
 */
export function* placesOf(hits: readonly SearchHit[], text: string, messages: readonly ChatMessage[]): Generator<Place[]> {
  const words = wordsOf(text);
  const byId = new Map(messages.map((message) => [message.id, message]));
  for (const { message_id: messageId } of hits) {
    if (messageId === null) continue;
    const message = byId.get(messageId);
    const count = Math.min(MOST, Math.max(1, message ? countIn(message, words) : 1));
    yield Array.from({ length: count }, (_, place) => ({ messageId, place }));
  }
}

function countIn({ role, content }: ChatMessage, words: readonly string[]): number {
  const lines = role === "assistant" ? markdown.drawnLines(content) : [content];
  return lines.reduce((count, line) => count + stretches(line, words).length, 0);
}
