import type { SessionView } from "../ipc/bindings";

const handlers = new Set<(view: SessionView) => void>();

/** Called with every conversation that is read, whoever asked for it. */
export function onView(handler: (view: SessionView) => void): () => void {
  handlers.add(handler);
  return () => handlers.delete(handler);
}

/** Tells those who keep a part of a conversation what was read. */
export function announceView(view: SessionView): void {
  for (const handler of handlers) handler(view);
}
