import type { ErrorInfo, FolderId, HostId, SearchHit, SessionId, SessionQuery } from "../ipc/bindings";
import { startOfDay } from "../i18n/when";
import { call } from "../ipc/call";
import { toErrorInfo } from "../ipc/errors";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { toasts } from "./toasts.svelte";

/** How far back a search reaches. */
export type DateRange = "any" | "today" | "week" | "month" | "year";

/** What narrows a search besides its words. */
export interface SearchFilters {
  model: string | null;
  hostId: HostId | null;
  folderId: FolderId | null;
  tag: string | null;
  date: DateRange;
  archived: boolean;
}

export const NO_FILTERS: SearchFilters = {
  model: null,
  hostId: null,
  folderId: null,
  tag: null,
  date: "any",
  archived: false,
};

/** A person who types is not answered before they pause this long. */
export const DEBOUNCE_MS = 80;

const DAY_MS = 86_400_000;
const DAYS_BACK: Record<Exclude<DateRange, "any">, number> = { today: 0, week: 6, month: 29, year: 364 };

/** The first moment of a range of days that ends today. */
export function beginOf(range: DateRange, now: number): number | null {
  return range === "any" ? null : startOfDay(startOfDay(now) - DAYS_BACK[range] * DAY_MS + DAY_MS / 2);
}

/** One place where a person searches: its words, its filters, and the answer to the last of them. */
export class Search {
  text = $state("");
  filters = $state.raw<SearchFilters>(NO_FILTERS);
  hits = $state.raw<readonly SearchHit[]>([]);
  more = $state(false);
  /** Whether an answer is awaited to what is asked now. */
  pending = $state(false);
  error = $state.raw<ErrorInfo | null>(null);
  /** How long the last answer took, milliseconds. */
  tookMs = $state<number | null>(null);
  /** The words that the hits belong to. */
  answered = $state("");

  #limit: number;
  #sessionId: SessionId | null;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limit: number, sessionId: SessionId | null = null) {
    this.#limit = limit;
    this.#sessionId = sessionId;
  }

  /** Whether anything is looked for. */
  get active(): boolean {
    return this.text.trim() !== "" || this.filtered;
  }

  get filtered(): boolean {
    const { model, hostId, folderId, tag, date, archived } = this.filters;
    return [model, hostId, folderId, tag].some((value) => value !== null) || date !== "any" || archived;
  }

  /** Other words; asked once the person pauses. */
  setText(text: string): void {
    this.text = text;
    this.#later(DEBOUNCE_MS);
  }

  filter(part: Partial<SearchFilters>): void {
    this.filters = { ...this.filters, ...part };
    this.#later(0);
  }

  /** Takes the filters away; the words stay. */
  unfilter(): void {
    this.filters = NO_FILTERS;
    this.#later(0);
  }

  clear(): void {
    this.text = "";
    this.filters = NO_FILTERS;
    this.#later(0);
  }

  again(): void {
    this.#later(0);
  }

  #later(delay: number): void {
    clearTimeout(this.#timer);
    // An answer that is on its way belongs to something else now.
    this.#asked += 1;
    if (!this.active) {
      this.hits = [];
      this.more = false;
      this.pending = false;
      this.error = null;
      this.answered = "";
      return;
    }
    this.pending = true;
    this.#timer = setTimeout(() => void this.#ask(), delay);
  }

  async #ask(): Promise<void> {
    const mine = this.#asked;
    const begun = performance.now();
    const answered = this.text.trim();
    try {
      const result = await call("session_search", this.#query());
      if (mine !== this.#asked) return;
      this.hits = result.hits;
      this.more = result.more;
      this.error = null;
      this.answered = answered;
      this.tookMs = Math.round(performance.now() - begun);
    } catch (thrown) {
      if (mine !== this.#asked) return;
      this.hits = [];
      this.more = false;
      this.error = toErrorInfo(thrown);
    }
    this.pending = false;
  }

  #query(): SessionQuery {
    const { model, hostId, folderId, tag, date, archived } = this.filters;
    return {
      text: this.text.trim(),
      host_id: hostId,
      model,
      folder_id: folderId,
      tag,
      session_id: this.#sessionId,
      from: beginOf(date, Date.now()),
      until: null,
      archived,
      limit: this.#limit,
    };
  }
}

/**
 * Opens a conversation at what was found. A message on another branch is shown by its branch; a column
 * is opened by its comparison.
 */
export async function openHit({ session, message_id }: SearchHit, words = ""): Promise<void> {
  const place = session.group_id ?? session.id;
  app.openMessage(place, message_id);
  app.foundWords = words;
  if (message_id === null || place !== session.id) return;
  try {
    await chats.show(place);
    const thread = chats.thread(place);
    if (thread?.status === "ready" && !thread.get(message_id))
      thread.load(await call("message_show", { session_id: place, message_id }));
  } catch (thrown) {
    toasts.error(thrown);
  }
}

/** The search over everything, on top of the list. */
export const search = new Search(200);
