/** A window that is not drawn has no frames; what waits for one is done after this long. */
const HIDDEN_MS = 250;

const waiting = new Set<() => void>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Runs something before the next picture is drawn, once, however often it is asked for. */
export function beforeFrame(run: () => void): void {
  waiting.add(run);
  if (timer !== undefined) return;
  frame = requestAnimationFrame(flushFrame);
  timer = setTimeout(flushFrame, HIDDEN_MS);
}

/** Does now what waits for the next frame. */
export function flushFrame(): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  timer = undefined;
  const due = [...waiting];
  waiting.clear();
  for (const run of due) run();
}
