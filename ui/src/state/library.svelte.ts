import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { number } from "../i18n/format";
import type { Folder, FolderId, Session, SessionChange, SessionId } from "../ipc/bindings";
import { call } from "../ipc/call";
import { onBody, onSnapshot } from "../ipc/events";
import { m } from "../paraglide/messages.js";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { toasts } from "./toasts.svelte";

/** A question that the library asks in a dialog, about these conversations or this folder. */
export type LibraryDialog =
  | { kind: "move"; ids: SessionId[] }
  | { kind: "tags"; ids: SessionId[] }
  | { kind: "folder"; folder: Folder | null; ids: SessionId[] };

/** What the list shows: the conversations, or those out of the way. */
export type LibraryView = "chats" | "archive";

const CLOSED = "slipway.folders.closed";
/** What the backend takes in one `session_change`. */
const NO_CHANGE: SessionChange = { session_ids: [], folder_id: null, no_folder: false, archived: null, tags: null };

function closedFolders(): FolderId[] {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(CLOSED) ?? "[]");
    return Array.isArray(saved) ? saved.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/** The conversations as a library: folders, tags, the archive, and what is done to many at once. */
class LibraryState {
  folders = $state.raw<readonly Folder[]>([]);
  view = $state<LibraryView>("chats");
  /** Only conversations with this tag. */
  tag = $state<string | null>(null);
  /** The conversations that are chosen together. */
  selection = new SvelteSet<SessionId>();
  closed = new SvelteSet<FolderId>(closedFolders());
  dialog = $state.raw<LibraryDialog | null>(null);

  /** All but the columns of comparisons, the one that changed last first. */
  all = $derived(
    [...chats.sessions.values()]
      .filter(({ group_id }) => group_id === null)
      .sort((a, b) => b.updated_at - a.updated_at || (a.id < b.id ? 1 : -1)),
  );
  /** What the list shows now. */
  shown = $derived(
    this.all.filter(
      ({ archived, tags }) => archived === (this.view === "archive") && (this.tag === null || tags.includes(this.tag)),
    ),
  );
  /** Every tag with the number of conversations that have it, the most frequent first. */
  tags = $derived.by(() => {
    const counts = new Map<string, number>();
    for (const { tags } of this.all) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return [...counts].sort(([a, n], [b, k]) => k - n || a.localeCompare(b)).map(([name, count]) => ({ name, count }));
  });

  constructor() {
    onSnapshot((snapshot) => {
      this.folders = snapshot.folders;
    });
    onBody("progress", (progress) => {
      if (progress.type === "session_changed") chats.sessions.set(progress.data.id, progress.data);
      else if (progress.type === "session_removed") this.#forget(progress.data);
    });
  }

  folder(id: FolderId | null): Folder | undefined {
    return id === null ? undefined : this.folders.find((folder) => folder.id === id);
  }

  /** Opens or closes a folder; remembered. */
  toggle(id: FolderId): void {
    if (!this.closed.delete(id)) this.closed.add(id);
    localStorage.setItem(CLOSED, JSON.stringify([...this.closed]));
  }

  show(view: LibraryView): void {
    this.view = view;
    this.tag = null;
    this.selection.clear();
  }

  /** Makes a folder, or renames one, and puts conversations into it. */
  async putFolder(id: FolderId | null, name: string, ids: SessionId[] = []): Promise<boolean> {
    const before = new Set(this.folders.map((folder) => folder.id));
    try {
      this.folders = await call("folder_put", { id, name: name.trim() });
    } catch (thrown) {
      toasts.error(thrown);
      return false;
    }
    const made = this.folders.find((folder) => !before.has(folder.id));
    if (made && ids.length > 0) await this.move(ids, made.id);
    return true;
  }

  /** Removes a folder; its conversations stay. A note offers to bring it back with them. */
  async removeFolder(folder: Folder): Promise<void> {
    const inside = this.all.filter(({ folder_id }) => folder_id === folder.id);
    try {
      this.folders = await call("folder_remove", { folder_id: folder.id });
    } catch (thrown) {
      toasts.error(thrown);
      return;
    }
    for (const { id } of inside) this.#set(id, { folder_id: null });
    toasts.undo(
      () => m.chats_folder_removed({ name: folder.name }),
      () => m.app_undo(),
      async () => {
        await this.putFolder(
          null,
          folder.name,
          inside.map(({ id }) => id),
        );
      },
    );
  }

  /** Into a folder, or out of any. */
  async move(ids: SessionId[], folderId: FolderId | null): Promise<void> {
    const moved = ids.filter((id) => chats.sessions.get(id)?.folder_id !== folderId);
    if (moved.length === 0) return;
    const before = this.#each(moved, ({ folder_id }) => folder_id);
    if (!(await this.#change(moved, { folder_id: folderId, no_folder: folderId === null }))) return;
    const name = this.folder(folderId)?.name;
    this.#offerUndo(
      () =>
        name === undefined
          ? m.chats_moved_out({ count: moved.length, value: number(moved.length) })
          : m.chats_moved({ count: moved.length, value: number(moved.length), name }),
      before,
      (folder_id) => ({ folder_id, no_folder: folder_id === null }),
    );
  }

  /** Out of the way, or back. */
  async archive(ids: SessionId[], archived: boolean): Promise<void> {
    const before = this.#each(ids, (session) => session.archived);
    if (!(await this.#change(ids, { archived }))) return;
    this.#unselect(ids);
    const only = ids.length === 1 ? chats.sessions.get(ids[0] ?? "") : undefined;
    this.#offerUndo(
      () => {
        if (only) return archived ? m.chats_archived_one({ title: only.title }) : m.chats_unarchived_one({ title: only.title });
        const counted = { count: ids.length, value: number(ids.length) };
        return archived ? m.chats_archived(counted) : m.chats_unarchived(counted);
      },
      before,
      (was) => ({ archived: was }),
    );
  }

  /** Gives conversations a tag, or takes it. */
  async setTag(ids: SessionId[], tag: string, on: boolean): Promise<void> {
    const groups = new Map<string, SessionId[]>();
    for (const id of ids) {
      const session = chats.sessions.get(id);
      if (!session || session.tags.includes(tag) === on) continue;
      const next = on ? [...session.tags, tag].sort((a, b) => a.localeCompare(b)) : session.tags.filter((t) => t !== tag);
      const key = JSON.stringify(next);
      groups.set(key, [...(groups.get(key) ?? []), id]);
    }
    for (const [tags, group] of groups) await this.#change(group, { tags: JSON.parse(tags) as string[] });
    if (this.tag !== null && !this.tags.some(({ name }) => name === this.tag)) this.tag = null;
  }

  /** Makes a copy of a conversation and opens it. */
  async duplicate(id: SessionId): Promise<void> {
    try {
      const copy = await call("session_duplicate", { session_id: id, until: null });
      chats.sessions.set(copy.id, copy);
      app.openSession(copy.id);
    } catch (thrown) {
      toasts.error(thrown);
    }
  }

  /** Deletes conversations; one note offers to bring all of them back for ten seconds. */
  async remove(ids: SessionId[]): Promise<void> {
    const only = ids[0];
    this.#unselect(ids);
    if (ids.length === 1 && only !== undefined) return chats.remove(only);
    const gone: Session[] = [];
    const wasOpen = app.sessionId;
    for (const id of ids) {
      const session = chats.sessions.get(id);
      if (!session) continue;
      this.#forget(id);
      try {
        await call("session_delete", { session_id: id });
        gone.push(session);
      } catch (thrown) {
        chats.sessions.set(id, session);
        toasts.error(thrown);
      }
    }
    if (gone.length === 0) return;
    toasts.undo(
      () => m.chats_deleted({ count: gone.length, value: number(gone.length) }),
      () => m.app_undo(),
      async () => {
        for (const { id } of gone) chats.sessions.set(id, await call("session_restore", { session_id: id }));
        if (app.sessionId === null && gone.some(({ id }) => id === wasOpen) && wasOpen) app.openSession(wasOpen);
      },
    );
  }

  #forget(id: SessionId): void {
    chats.sessions.delete(id);
    chats.failed.delete(id);
    chats.unread.delete(id);
    this.selection.delete(id);
    if (app.sessionId === id) app.sessionId = null;
  }

  #unselect(ids: readonly SessionId[]): void {
    for (const id of ids) this.selection.delete(id);
  }

  #set(id: SessionId, part: Partial<Session>): void {
    const session = chats.sessions.get(id);
    if (session) chats.sessions.set(id, { ...session, ...part });
  }

  /** What conversations are before a change, to go back to. */
  #each<T>(ids: readonly SessionId[], value: (session: Session) => T): Map<SessionId, T> {
    const all = new SvelteMap<SessionId, T>();
    for (const id of ids) {
      const session = chats.sessions.get(id);
      if (session) all.set(id, value(session));
    }
    return all;
  }

  /** Changes conversations: shown at once, taken back if the backend refuses. */
  async #change(ids: SessionId[], change: Partial<SessionChange>): Promise<boolean> {
    const before = this.#each(ids, (session) => session);
    const { folder_id, archived, tags } = change;
    for (const id of ids)
      this.#set(id, {
        ...(folder_id !== undefined && { folder_id }),
        ...(typeof archived === "boolean" && { archived }),
        ...(tags && { tags }),
      });
    try {
      const changed = await call("session_change", { ...NO_CHANGE, ...change, session_ids: ids });
      for (const session of changed) chats.sessions.set(session.id, session);
      return true;
    } catch (thrown) {
      for (const [id, session] of before) chats.sessions.set(id, session);
      toasts.error(thrown);
      return false;
    }
  }

  /** A note that offers to give every conversation what it had before. */
  #offerUndo<T>(words: () => string, before: Map<SessionId, T>, back: (was: T) => Partial<SessionChange>): void {
    toasts.undo(
      words,
      () => m.app_undo(),
      async () => {
        for (const was of new Set(before.values())) {
          const ids = [...before].filter(([, value]) => value === was).map(([id]) => id);
          await this.#change(ids, back(was));
        }
      },
    );
  }
}

/** The library of conversations. */
export const library = new LibraryState();
