import { overwriteGetLocale } from "../paraglide/runtime.js";

/** A language that every text exists in. */
export type Locale = "en" | "ru";

/** A text of the backend, in both languages. */
export interface Bilingual {
  en: string;
  ru: string;
}

let current = $state<Locale>("en");

// Messages ask for the locale while they render, so that a change repaints them without a reload.
overwriteGetLocale(() => current);

/** The language of the interface now. */
export function locale(): Locale {
  return current;
}

/** Changes the language of the interface at once. */
export function setLocale(next: Locale): void {
  current = next;
  document.documentElement.lang = next;
}

/** The backend's text in the language of the interface. */
export function text(value: Bilingual): string {
  return value[current] || value.en;
}

/** The language that the web view reports, for the time before the backend has answered. */
export function guessLocale(languages: readonly string[] = navigator.languages): Locale {
  return languages[0]?.toLowerCase().startsWith("ru") ? "ru" : "en";
}
