/** A window that is not drawn has no frames; what waits for one is done after this long. */
const HIDDEN_MS = 250;

/** Whoever types gets the next pictures for themselves: this long after a key, milliseconds. */
const KEY_MS = 60;
/** Nothing waits longer than this for a pause between keys, milliseconds. */
const HELD_MS = 200;

/** In the order in which they have asked. */
const waiting = new Set<() => void>();
let frame = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let lastKey = -Infinity;
/** Since when what waits could have been drawn. */
let heldSince: number | null = null;

window.addEventListener("keydown", () => (lastKey = performance.now()), { capture: true, passive: true });

/**
 * Runs something before a picture is drawn, once, however often it is asked for. One thing at each
 * picture: several answers take turns, and let keys go first, so that a key seldom waits for one of them.
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
  const now = performance.now();
  heldSince ??= now;
  if (now - lastKey < KEY_MS && now - heldSince < HELD_MS) return arm();
  heldSince = null;
  waiting.delete(run);
  if (waiting.size > 0) arm();
  run();
}
