import Archive from "@lucide/svelte/icons/archive";
import ArchiveRestore from "@lucide/svelte/icons/archive-restore";
import Copy from "@lucide/svelte/icons/copy";
import FileCode from "@lucide/svelte/icons/file-code";
import FileJson from "@lucide/svelte/icons/file-braces";
import FileText from "@lucide/svelte/icons/file-text";
import FolderInput from "@lucide/svelte/icons/folder-input";
import Pencil from "@lucide/svelte/icons/pencil";
import Pin from "@lucide/svelte/icons/pin";
import PinOff from "@lucide/svelte/icons/pin-off";
import Tag from "@lucide/svelte/icons/tag";
import Trash from "@lucide/svelte/icons/trash-2";
import type { Session, SessionId } from "../ipc/bindings";
import { m } from "../paraglide/messages.js";
import type { MenuItem } from "../shared/Menu.svelte";
import { chats } from "../state/chats.svelte";
import { library } from "../state/library.svelte";
import { transfers } from "../state/transfers.svelte";

/** The files that conversations can be written into. */
export function exportItems(ids: SessionId[]): MenuItem[] {
  return [
    { label: m.chats_export_json(), icon: FileJson, testid: "export-json", run: () => void transfers.export(ids, "json") },
    {
      label: m.chats_export_markdown(),
      icon: FileText,
      testid: "export-markdown",
      run: () => void transfers.export(ids, "markdown"),
    },
    { label: m.chats_export_html(), icon: FileCode, testid: "export-html", run: () => void transfers.export(ids, "html") },
  ];
}

/** What can be done with one conversation: in the list, where keys do some of it, and in its own header. */
export function sessionItems(session: Session, rename: () => void, keys = false): MenuItem[] {
  const { id, pinned, archived } = session;
  const ids = [id];
  return [
    { label: m.chats_rename(), icon: Pencil, keys: keys ? "F2" : undefined, testid: "session-rename", run: rename },
    {
      label: pinned ? m.chats_unpin() : m.chats_pin(),
      icon: pinned ? PinOff : Pin,
      run: () => void chats.pin(id, !pinned),
    },
    {
      label: m.chats_move(),
      icon: FolderInput,
      testid: "session-move",
      run: () => (library.dialog = { kind: "move", ids }),
    },
    {
      label: m.chats_tags_edit(),
      icon: Tag,
      testid: "session-tags",
      run: () => (library.dialog = { kind: "tags", ids }),
    },
    { label: m.chats_duplicate(), icon: Copy, testid: "session-duplicate", run: () => void library.duplicate(id) },
    {
      label: archived ? m.chats_from_archive() : m.chats_to_archive(),
      icon: archived ? ArchiveRestore : Archive,
      testid: "session-archive",
      run: () => void library.archive(ids, !archived),
    },
    ...exportItems(ids),
    {
      label: m.chats_delete(),
      icon: Trash,
      keys: keys ? "Del" : undefined,
      danger: true,
      testid: "session-delete",
      run: () => void library.remove(ids),
    },
  ];
}
