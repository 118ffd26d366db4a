import type { Subscribed, TaskMessage } from "./bindings";
import { tauriBackend } from "./tauri";

/** Takes the messages of the one channel, in the order in which the backend sent them. */
export type BatchHandler = (batch: TaskMessage[]) => void;

/** What answers the commands: Tauri, or in development a scenario of the mock. */
export interface Backend {
  /** Runs a command; rejects with the backend's `ErrorInfo`. */
  invoke(name: string, request: unknown): Promise<unknown>;
  /** Opens the channel; messages may come before the promise resolves. */
  subscribe(afterSeq: number, onBatch: BatchHandler): Promise<Subscribed>;
}

let chosen: Promise<Backend> | null = null;

async function choose(): Promise<Backend> {
  if (import.meta.env.DEV) {
    const query = new URLSearchParams(location.search);
    const scenario = query.get("mock");
    if (scenario !== null) return (await import("./mock")).mockBackend(scenario, query.get("language"));
  }
  return tauriBackend;
}

/** The backend of this window. */
export function backend(): Promise<Backend> {
  chosen ??= choose();
  return chosen;
}

/** Puts another backend in its place; for tests. */
export function replaceBackend(next: Backend): void {
  chosen = Promise.resolve(next);
}
