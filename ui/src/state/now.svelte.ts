import { createSubscriber } from "svelte/reactivity";

const TICK_MS = 1000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** The time now, ms since the epoch; where Svelte watches, it moves on every second. */
export function now(): number {
  subscribe();
  return Date.now();
}
