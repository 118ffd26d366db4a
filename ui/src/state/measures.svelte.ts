import { SvelteMap } from "svelte/reactivity";
import type { ChatSend, ContextUse } from "../ipc/bindings";
import { call } from "../ipc/call";
import type { Place } from "./drafts.svelte";

/** How long after the last key the prompt is measured, milliseconds. */
const PAUSE_MS = 400;

/** How much of the context the messages that are being written would fill. */
class MeasureState {
  #byPlace = new SvelteMap<Place, ContextUse>();
  #timers = new Map<Place, ReturnType<typeof setTimeout>>();
  /** The newest question of each place: answers to older ones are dropped. */
  #asked = new Map<Place, number>();
  #next = 1;

  of(place: Place): ContextUse | null {
    return this.#byPlace.get(place) ?? null;
  }

  /** Measures what would be sent, once the person pauses. */
  ask(send: ChatSend): void {
    const place = send.session_id;
    this.#withdraw(place);
    this.#timers.set(
      place,
      setTimeout(() => void this.#measure(send), PAUSE_MS),
    );
  }

  /** Nothing is written that is worth measuring. */
  forget(place: Place): void {
    this.#withdraw(place);
    if (this.#byPlace.has(place)) this.#byPlace.delete(place);
  }

  #withdraw(place: Place): void {
    clearTimeout(this.#timers.get(place));
    this.#timers.delete(place);
    this.#asked.delete(place);
  }

  async #measure(send: ChatSend): Promise<void> {
    const place = send.session_id;
    const mine = this.#next++;
    this.#asked.set(place, mine);
    try {
      const use = await call("chat_measure", { send });
      if (this.#asked.get(place) === mine) this.#byPlace.set(place, use);
    } catch {
      // A measure is a convenience: without it the last answer's figures are shown.
      if (this.#asked.get(place) === mine) this.#byPlace.delete(place);
    }
  }
}

/** Measures of what is about to be sent. */
export const measures = new MeasureState();
