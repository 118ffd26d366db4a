import { Channel, invoke } from "@tauri-apps/api/core";
import type { Backend } from "./backend";
import type { Subscribed, TaskMessage } from "./bindings";

/** The real backend, in the same process as the window. */
export const tauriBackend: Backend = {
  invoke: (name, request) => invoke(name, { req: request }),
  subscribe: (afterSeq, onBatch) => {
    const channel = new Channel<TaskMessage[]>(onBatch);
    return invoke<Subscribed>("subscribe", { req: { after_seq: afterSeq }, channel });
  },
};
