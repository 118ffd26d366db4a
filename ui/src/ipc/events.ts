import { backend } from "./backend";
import type { Snapshot, TaskBody, TaskMessage } from "./bindings";
import { call, NOTHING } from "./call";
import { toErrorInfo, CallError } from "./errors";

type BodyType = TaskBody["type"];
type DataOf<T extends BodyType> = Extract<TaskBody, { type: T }>["data"];
type Handler<T extends BodyType> = (data: DataOf<T>, message: TaskMessage) => void;

const snapshotHandlers = new Set<(snapshot: Snapshot) => void>();
const bodyHandlers = new Map<BodyType, Set<Handler<BodyType>>>();
const messageHandlers = new Set<(message: TaskMessage) => void>();

/** Number of the attachment in force: messages of an older one are not listened to. */
let attachment = 0;
let lastSeq = 0;

/** How often a snapshot may be outrun by new messages before the window gives up. */
const MAX_ATTEMPTS = 5;

function add<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}

/** Called with the truth at the start, and again whenever messages were missed. */
export function onSnapshot(handler: (snapshot: Snapshot) => void): () => void {
  return add(snapshotHandlers, handler);
}

/** Called with every message body of one type, in the order of `seq`. */
export function onBody<T extends BodyType>(type: T, handler: Handler<T>): () => void {
  let handlers = bodyHandlers.get(type);
  if (!handlers) bodyHandlers.set(type, (handlers = new Set()));
  return add(handlers, handler as unknown as Handler<BodyType>);
}

/** Called with every message, after the handlers of its type. */
export function onMessage(handler: (message: TaskMessage) => void): () => void {
  return add(messageHandlers, handler);
}

function dispatch(batch: TaskMessage[]): void {
  for (const message of batch) {
    // What a snapshot already holds, or what came twice over a new attachment.
    if (message.seq <= lastSeq) continue;
    lastSeq = message.seq;
    for (const handler of bodyHandlers.get(message.body.type) ?? [])
      guarded(() => handler(message.body.data as never, message));
    for (const handler of messageHandlers) guarded(() => handler(message));
  }
}

/** A handler that throws must not cost the others their message. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (thrown) {
    reportError(thrown);
  }
}

/**
 * Takes the snapshot, hands it to the stores and follows the channel from there. Called at the start
 * and whenever a store finds that it missed something. Rejects with a {@link CallError}.
 */
export async function attach(): Promise<void> {
  const mine = ++attachment;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const snapshot = await call("snapshot", NOTHING);
    if (mine !== attachment) return;
    // At once: what happened since is known with the channel, or with the next snapshot.
    lastSeq = snapshot.seq;
    for (const handler of snapshotHandlers) handler(snapshot);

    // The channel speaks before `subscribe` has answered: what it says waits for the answer.
    let waiting: TaskMessage[] | null = [];
    let open = true;
    const receive = (batch: TaskMessage[]): void => {
      if (!open || mine !== attachment) return;
      if (waiting) waiting.push(...batch);
      else dispatch(batch);
    };

    let complete: boolean;
    try {
      complete = (await (await backend()).subscribe(snapshot.seq, receive)).complete;
    } catch (thrown) {
      open = false;
      throw new CallError(toErrorInfo(thrown));
    }
    if (mine !== attachment) return;
    if (!complete) {
      open = false;
      continue;
    }

    const early = waiting;
    waiting = null;
    dispatch(early);
    return;
  }
  throw new CallError(toErrorInfo(new Error("the stream of messages is faster than this window")));
}

/** Forgets every handler and position; for tests. */
export function resetEvents(): void {
  attachment += 1;
  lastSeq = 0;
  snapshotHandlers.clear();
  bodyHandlers.clear();
  messageHandlers.clear();
}
