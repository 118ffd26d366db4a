import Archive from "lucide/dist/esm/icons/archive.mjs";
import ArchiveRestore from "lucide/dist/esm/icons/archive-arrow-up.mjs";
import Copy from "lucide/dist/esm/icons/copy.mjs";
import FileCode from "lucide/dist/esm/icons/file-code.mjs";
import FileJson from "lucide/dist/esm/icons/file-braces.mjs";
import FileText from "lucide/dist/esm/icons/file-text.mjs";
import FolderInput from "lucide/dist/esm/icons/folder-input.mjs";
import Pencil from "lucide/dist/esm/icons/pencil.mjs";
import Pin from "lucide/dist/esm/icons/pin.mjs";
import PinOff from "lucide/dist/esm/icons/pin-off.mjs";
import Tag from "lucide/dist/esm/icons/tag.mjs";
import Trash from "lucide/dist/esm/icons/trash.mjs";
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
