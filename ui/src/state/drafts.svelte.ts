import { SvelteMap } from "svelte/reactivity";
import { NO_SAMPLING } from "../ipc/blank";
import type { HostId, Sampling, SessionId } from "../ipc/bindings";
import { settings } from "./settings.svelte";

/** A conversation, or null for one that does not exist yet. */
export type Place = SessionId | null;

/** The next message of each conversation: its text, who is to answer it, and how. Kept in memory. */
class DraftState {
  #texts = new SvelteMap<Place, string>();
  #hosts = new SvelteMap<Place, HostId>();
  #sampling = new SvelteMap<Place, Sampling>();

  text(place: Place): string {
    return this.#texts.get(place) ?? "";
  }

  setText(place: Place, text: string): void {
    if (text === "") this.#texts.delete(place);
    else this.#texts.set(place, text);
  }

  /** The host that was chosen for the next message; null leaves it to the conversation. */
  host(place: Place): HostId | null {
    return this.#hosts.get(place) ?? null;
  }

  setHost(place: Place, hostId: HostId): void {
    this.#hosts.set(place, hostId);
  }

  /** Sampling of a conversation: its own, else that of the settings. */
  sampling(place: Place): Sampling {
    const { temperature, max_tokens } = settings.value;
    return this.#sampling.get(place) ?? { ...NO_SAMPLING, temperature, max_tokens };
  }

  setSampling(place: Place, change: Partial<Sampling>): void {
    this.#sampling.set(place, { ...this.sampling(place), ...change });
  }

  /** The new conversation became a real one: what was written and set meanwhile goes with it. */
  move(to: SessionId): void {
    this.setText(to, this.text(null));
    this.setText(null, "");
    const sampling = this.#sampling.get(null);
    if (sampling) this.#sampling.set(to, sampling);
    this.#sampling.delete(null);
    this.#hosts.delete(null);
  }
}

/** What is about to be sent. */
export const drafts = new DraftState();
