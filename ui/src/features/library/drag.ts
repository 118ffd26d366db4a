import type { SessionId } from "../../ipc/bindings";

/** What is dragged from the list: a type of our own, so that nothing else is taken for it. */
const TYPE = "application/x-slipway-chats";

/** Takes conversations along with the pointer. */
export function takeAlong(event: DragEvent, ids: readonly SessionId[]): void {
  if (!event.dataTransfer) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData(TYPE, JSON.stringify(ids));
}

/** Whether conversations hang at the pointer. */
export function carries(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes(TYPE) ?? false;
}

/** The conversations that were dropped. */
export function dropped(event: DragEvent): SessionId[] {
  try {
    const ids: unknown = JSON.parse(event.dataTransfer?.getData(TYPE) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
