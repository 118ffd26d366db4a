/** A window that is not drawn has no frames; what waits for one is done after this long. */
const HIDDEN_MS = 250;

/** In the order in which they have asked. */
const waiting = new Set<() => void>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Runs something before a picture is drawn, once, however often it is asked for. One thing at each
 * picture: several answers take turns, so that a key never waits for more than one of them.
 */
export function beforeFrame(run: () => void): void {
  waiting.add(run);
  if (timer === undefined) arm();
}

/** Does now all that waits. */
export function flushFrame(): void {
  disarm();
  const due = [...waiting];
  waiting.clear();
  for (const run of due) run();
}

function arm(): void {
  frame = requestAnimationFrame(step);
  timer = setTimeout(flushFrame, HIDDEN_MS);
}

function disarm(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  timer = undefined;
}

function step(): void {
  disarm();
  const [run] = waiting;
  if (!run) return;
  waiting.delete(run);
  if (waiting.size > 0) arm();
  run();
}
