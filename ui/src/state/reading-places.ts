import type { VirtualizerProps } from "virtua/svelte";
import type { SessionId } from "../ipc/bindings";

/** Where a person was in a conversation, and how high its messages are. */
export interface ReadingPlace {
  /** Heights as they were measured; they hold for as many messages as there were. */
  heights: VirtualizerProps<unknown>["cache"];
  count: number;
  /** Width that they were measured at. */
  width: number;
  top: number;
  following: boolean;
}

const KEPT = 64;
const places = new Map<SessionId, ReadingPlace>();

/** Where the person was when they left a conversation. */
export function placeOf(sessionId: SessionId): ReadingPlace | undefined {
  return places.get(sessionId);
}

export function rememberPlace(sessionId: SessionId, place: ReadingPlace): void {
  places.delete(sessionId);
  places.set(sessionId, place);
  const oldest = places.keys().next();
  if (places.size > KEPT && !oldest.done) places.delete(oldest.value);
}
