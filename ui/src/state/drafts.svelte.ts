import { SvelteMap } from "svelte/reactivity";
import { NO_SAMPLING } from "../ipc/blank";
import type { ChatSettings, Draft, HostId, Sampling, SessionId, SessionView } from "../ipc/bindings";
import { call } from "../ipc/call";
import { onSnapshot } from "../ipc/events";
import { attachments } from "./attachments.svelte";
import { settings } from "./settings.svelte";
import { toasts } from "./toasts.svelte";

/** A conversation, or null for one that does not exist yet. */
export type Place = SessionId | null;

/** Who is to answer: a host, and one of its models or the one that it serves. */
interface Choice {
  hostId: HostId;
  model: string | null;
}

/** How long after the last key a draft goes to disk, milliseconds. */
const TEXT_MS = 500;
const SETTINGS_MS = 300;

/** The next message of each conversation: its text, its files, who is to answer it, and how. All of it is on disk. */
class DraftState {
  #texts = new SvelteMap<Place, string>();
  #choices = new SvelteMap<Place, Choice>();
  #settings = new SvelteMap<Place, ChatSettings>();
  /** What is not on disk yet, and the clocks that put it there. */
  #unsaved = new Map<Place, ReturnType<typeof setTimeout>>();
  /** Places whose draft this window has, read or written: the backend's is older from then on. */
  #known = new Set<Place>();
  #unset = new Map<SessionId, ReturnType<typeof setTimeout>>();

  constructor() {
    onSnapshot((snapshot) => {
      this.#take(null, snapshot.draft);
    });
    attachments.onchange = (place) => this.#later(place);
    // Closed, reloaded or hidden: what was typed in the last moments must not be lost.
    window.addEventListener("pagehide", () => this.flushAll());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flushAll();
    });
  }

  text(place: Place): string {
    return this.#texts.get(place) ?? "";
  }

  setText(place: Place, text: string): void {
    if (text === this.text(place)) return;
    this.#put(place, text);
    this.#later(place);
  }

  #later(place: Place): void {
    this.#known.add(place);
    clearTimeout(this.#unsaved.get(place));
    this.#unsaved.set(
      place,
      setTimeout(() => void this.flush(place), TEXT_MS),
    );
  }

  /** Puts a text at the end of what is written, as a paragraph of its own. */
  append(place: Place, text: string): void {
    const before = this.text(place).trimEnd();
    this.setText(place, before === "" ? text : `${before}\n\n${text}`);
  }

  /** Writes a draft to disk now, if it is not there. */
  async flush(place: Place): Promise<void> {
    const timer = this.#unsaved.get(place);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#unsaved.delete(place);
    try {
      await call("draft_put", { session_id: place, text: this.text(place), attachments: attachments.ids(place) });
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  flushAll(): void {
    for (const place of [...this.#unsaved.keys()]) void this.flush(place);
    for (const sessionId of [...this.#unset.keys()]) void this.#configure(sessionId);
  }

  /** Takes what the backend keeps of a conversation, unless the person has written since. */
  take({ session, draft, settings: kept }: SessionView): void {
    this.#take(session.id, draft);
    if (!this.#unset.has(session.id)) this.#settings.set(session.id, kept);
  }

  /** The host that was chosen for the next message; null leaves it to the conversation. */
  host(place: Place): HostId | null {
    return this.#choices.get(place)?.hostId ?? null;
  }

  /** The model that was chosen with it; null leaves it to the host. */
  model(place: Place): string | null {
    return this.#choices.get(place)?.model ?? null;
  }

  setHost(place: Place, hostId: HostId, model: string | null = null): void {
    this.#choices.set(place, { hostId, model });
  }

  /** How a conversation is answered; a new one as the program's settings say. */
  settings(place: Place): ChatSettings {
    const known = this.#settings.get(place);
    if (known) return known;
    const { temperature, max_tokens } = settings.value;
    return { system_prompt: "", sampling: { ...NO_SAMPLING, temperature, max_tokens }, overflow: "ask" };
  }

  setSettings(place: Place, change: Partial<ChatSettings>): void {
    this.#settings.set(place, { ...this.settings(place), ...change });
    if (place === null) return;
    clearTimeout(this.#unset.get(place));
    this.#unset.set(
      place,
      setTimeout(() => void this.#configure(place), SETTINGS_MS),
    );
  }

  sampling(place: Place): Sampling {
    return this.settings(place).sampling;
  }

  setSampling(place: Place, change: Partial<Sampling>): void {
    this.setSettings(place, { sampling: { ...this.sampling(place), ...change } });
  }

  /** The new conversation became a real one: what was written and set meanwhile goes with it. */
  move(to: SessionId): void {
    this.setText(to, this.text(null));
    this.setText(null, "");
    attachments.move(to);
    const chosen = this.#settings.get(null);
    if (chosen) this.#settings.set(to, chosen);
    this.#settings.delete(null);
    this.#choices.delete(null);
  }

  #take(place: Place, { text, attachments: files }: Draft): void {
    if (this.#known.has(place)) return;
    this.#known.add(place);
    this.#put(place, text);
    attachments.restore(place, files);
  }

  #put(place: Place, text: string): void {
    if (text === "") this.#texts.delete(place);
    else this.#texts.set(place, text);
  }

  async #configure(sessionId: SessionId): Promise<void> {
    clearTimeout(this.#unset.get(sessionId));
    this.#unset.delete(sessionId);
    try {
      await call("session_configure", { session_id: sessionId, settings: this.settings(sessionId) });
    } catch (thrown) {
      toasts.error(thrown);
    }
  }
}

/** What is about to be sent. */
export const drafts = new DraftState();
