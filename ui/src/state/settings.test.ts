import { beforeEach, describe, expect, it, vi } from "vitest";
import { attach } from "../ipc/events";
import { locale } from "../i18n/locale.svelte";
import { TestBackend, emptySnapshot, errorInfo, SETTINGS } from "../test-backend";
import { settings } from "./settings.svelte";
import { toasts } from "./toasts.svelte";

let backend: TestBackend;

beforeEach(async () => {
  backend = new TestBackend();
  await attach();
});

describe("settings", () => {
  it("follows the system's language until one is chosen", async () => {
    backend.snapshot = emptySnapshot();
    backend.snapshot.app.system_language = "ru";
    backend.snapshot.settings = { ...SETTINGS, language: null };
    await attach();
    expect(locale()).toBe("ru");
    expect(document.documentElement.lang).toBe("ru");
  });

  it("shows a change at once and saves it", async () => {
    backend.reply("settings_set", (next) => next);
    const saved = settings.change({ language: "ru", theme: "dark" });
    expect(locale()).toBe("ru");
    expect(document.documentElement.dataset.theme).toBe("dark");
    await saved;
    expect(backend.requests("settings_set")).toMatchObject([{ language: "ru", theme: "dark" }]);
  });

  it("takes a refused change back and says why", async () => {
    backend.reply("settings_set", () => {
      throw errorInfo("database_locked");
    });
    await settings.change({ chat_limit: 9 });
    expect(settings.value.chat_limit).toBe(4);
    expect(toasts.list.at(-1)?.words()).toContain("database_locked");
  });

  it("saves one change after the other, the last one last", async () => {
    backend.reply("settings_set", (next) => next);
    await Promise.all([settings.change({ chat_limit: 5 }), settings.change({ chat_limit: 6 })]);
    expect(backend.requests("settings_set")).toMatchObject([{ chat_limit: 5 }, { chat_limit: 6 }]);
    expect(settings.value.chat_limit).toBe(6);
  });
});

describe("toasts", () => {
  it("offers to undo for ten seconds and stops the clock while it is held", () => {
    vi.useFakeTimers();
    const restore = vi.fn(() => Promise.resolve());
    const id = toasts.undo(
      () => "Removed",
      () => "Undo",
      restore,
    );
    const note = toasts.list.find((one) => one.id === id);
    if (!note) throw new Error("no toast");
    vi.advanceTimersByTime(9900);
    toasts.hold(id);
    vi.advanceTimersByTime(5000);
    expect(toasts.list).toContain(note);
    toasts.act(note);
    expect(restore).toHaveBeenCalledOnce();
    expect(toasts.list).not.toContain(note);
    vi.useRealTimers();
  });
});
