import type { Conversation } from "../../../ipc/bindings";
import type { ChatMessage } from "../../../state/thread.svelte";

/** Who sums a conversation up now or next; null where a turn comes, or nothing (`next_part` of the backend). */
export function summariser({ setup, turns_done, tokens_used }: Conversation, last: ChatMessage | undefined): number | null {
  if (last?.summary) return last.state === "complete" ? null : last.speaker;
  const isOver = turns_done >= setup.turns || (setup.tokens !== null && tokens_used >= setup.tokens);
  return isOver ? setup.summary_by : null;
}
