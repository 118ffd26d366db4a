import { Channel, invoke } from "@tauri-apps/api/core";
import type { Backend } from "./backend";
import type { Subscribed, TaskMessage } from "./bindings";

declare global {
  interface Window {
    /** What `src-tauri/src/prefetch.rs` asked for before the page's script was there. */
    slipwaySnapshot?: Promise<unknown> | undefined;
  }
}

/** The answer to the first question of the window, which was asked before it could ask. */
function takePrefetched(name: string): Promise<unknown> | undefined {
  if (name !== "snapshot") return undefined;
  const asked = window.slipwaySnapshot;
  window.slipwaySnapshot = undefined;
  return asked;
}

/** The real backend, in the same process as the window. */
export const tauriBackend: Backend = {
  invoke: (name, request) => takePrefetched(name) ?? invoke(name, { req: request }),
  subscribe: (afterSeq, onBatch) => {
    const channel = new Channel<TaskMessage[]>(onBatch);
    return invoke<Subscribed>("subscribe", { req: { after_seq: afterSeq }, channel });
  },
};
