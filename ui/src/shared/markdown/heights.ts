/** Heights that stay: what replaces drawn text is never lower than it, so that nothing below moves up. */

/** Tallest space that is kept; more would be felt as a hole. */
const LIMIT = 280;

/** Changes a drawn element without letting it become lower. Gives the height that is kept, if any. */
export function keepHeight(element: HTMLElement, change: () => void): number {
  const before = element.isConnected && element.offsetHeight <= LIMIT ? element.offsetHeight : 0;
  change();
  if (before === 0 || element.offsetHeight >= before) return 0;
  element.style.minHeight = `${before}px`;
  return before;
}

/** Puts a new element in the place of a drawn one without letting the place become lower, where it was a formula's. */
export function replaceKeepingHeight(drawn: HTMLElement, wanted: HTMLElement): void {
  const before = wanted.classList.contains("math") && drawn.offsetHeight <= LIMIT ? drawn.offsetHeight : 0;
  drawn.replaceWith(wanted);
  if (before > 0 && wanted.offsetHeight < before) wanted.style.minHeight = `${before}px`;
}
