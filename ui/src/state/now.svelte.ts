import { createSubscriber } from "svelte/reactivity";
import { beforeFrame } from "./frame";

const TICK_MS = 1000;
/** Figures that change faster than this cannot be read. */
const FIGURES_MS = 250;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** The time now, ms since the epoch; where Svelte watches, it moves on every second. */
export function now(): number {
  subscribe();
  return Date.now();
}

const subscribeFigures = createSubscriber((update) => {
  const timer = setInterval(() => beforeFrame(update), FIGURES_MS);
  return () => clearInterval(timer);
});

/** Where Svelte watches, figures that grow all the time are looked at again, all of them for the same picture. */
export function watchFigures(): void {
  subscribeFigures();
}
