import { text } from "../i18n/locale.svelte";
import { toErrorInfo } from "../ipc/errors";

/** A short word at the edge of the window, with at most one thing to do about it. */
export interface ToastNote {
  id: number;
  kind: "done" | "error";
  /** A function, so that a change of language reaches it. */
  words: () => string;
  action: { label: () => string; run: () => void } | null;
  /** How long it stays, milliseconds. */
  stays: number;
}

/** How long a destructive action can be undone, milliseconds. */
export const UNDO_MS = 10_000;
const ERROR_MS = 12_000;
const SHOWN_AT_ONCE = 3;

class ToastState {
  list = $state.raw<ToastNote[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** Something was removed: offers to bring it back for ten seconds. */
  undo(words: () => string, label: () => string, restore: () => Promise<unknown>): number {
    return this.#show("done", words, UNDO_MS, {
      label,
      run: () => {
        restore().catch((thrown: unknown) => this.error(thrown));
      },
    });
  }

  /** Something went well that the screen does not show otherwise. */
  done(words: () => string): number {
    return this.#show("done", words, 4000, null);
  }

  /** A command failed: its sentence and what to do. */
  error(thrown: unknown): number {
    const info = toErrorInfo(thrown);
    return this.#show("error", () => [text(info.message), text(info.fix)].filter(Boolean).join(" "), ERROR_MS, null);
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((note) => note.id !== id);
  }

  act(note: ToastNote): void {
    this.dismiss(note.id);
    note.action?.run();
  }

  /** Stops the clock while a person reads or reaches for the button. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(note: ToastNote): void {
    this.hold(note.id);
    this.#timers.set(
      note.id,
      setTimeout(() => this.dismiss(note.id), note.stays),
    );
  }

  #show(kind: ToastNote["kind"], words: () => string, stays: number, action: ToastNote["action"]): number {
    const note: ToastNote = { id: this.#next++, kind, words, action, stays };
    for (const old of this.list.slice(0, Math.max(0, this.list.length + 1 - SHOWN_AT_ONCE))) this.dismiss(old.id);
    this.list = [...this.list, note];
    this.release(note);
    return note.id;
  }
}

/** The notes at the edge of the window. */
export const toasts = new ToastState();
