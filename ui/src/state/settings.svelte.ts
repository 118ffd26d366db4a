import { SETTINGS as DEFAULTS } from "../ipc/blank";
import type { Settings } from "../ipc/bindings";
import { call } from "../ipc/call";
import { onSnapshot } from "../ipc/events";
import { setZoom } from "../ipc/window";
import { guessLocale, setLocale, type Locale } from "../i18n/locale.svelte";
import { toasts } from "./toasts.svelte";

export { DEFAULTS };

/** How the window looked last: it begins like that, before the backend has answered. */
const REMEMBERED = "slipway.look";

function remembered(): Settings {
  try {
    const look = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}") as Pick<Settings, "theme" | "language">;
    return { ...DEFAULTS, ...look };
  } catch {
    return DEFAULTS;
  }
}

/** The settings, applied the moment they change. */
class SettingsState {
  value = $state.raw<Settings>(remembered());
  #zoom = 100;
  #system: Locale = guessLocale();
  #dark = window.matchMedia?.("(prefers-color-scheme: dark)");
  /** Writes go one after the other, so that the last one wins in the backend too. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor() {
    onSnapshot((snapshot) => {
      this.#system = snapshot.app.system_language;
      this.#take(snapshot.settings);
    });
    this.#dark?.addEventListener("change", () => this.#applyTheme());
    this.#apply();
  }

  /** Changes some settings: shown at once, taken back with a sentence if the backend refuses. */
  async change(part: Partial<Settings>): Promise<void> {
    const before = this.value;
    const next = { ...before, ...part };
    this.#take(next);
    const write = this.#writing.then(() => call("settings_set", next));
    this.#writing = write.catch(() => undefined);
    try {
      const saved = await write;
      if (this.value === next) this.#take(saved);
    } catch (thrown) {
      if (this.value === next) this.#take(before);
      toasts.error(thrown);
    }
  }

  #take(settings: Settings): void {
    this.value = settings;
    const { theme, language } = settings;
    localStorage.setItem(REMEMBERED, JSON.stringify({ theme, language }));
    this.#apply();
  }

  #apply(): void {
    setLocale(this.value.language ?? this.#system);
    this.#applyTheme();
    this.#applyZoom();
  }

  #applyZoom(): void {
    const { zoom_percent } = this.value;
    if (zoom_percent === this.#zoom) return;
    this.#zoom = zoom_percent;
    setZoom(zoom_percent).catch((thrown: unknown) => toasts.error(thrown));
  }

  #applyTheme(): void {
    const { theme } = this.value;
    const dark = theme === "dark" || (theme === "system" && (this.#dark?.matches ?? false));
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }
}

/** The program's settings. */
export const settings = new SettingsState();
