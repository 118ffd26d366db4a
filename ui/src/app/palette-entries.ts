import Archive from "lucide/dist/esm/icons/archive.mjs";
import Columns from "lucide/dist/esm/icons/columns-3.mjs";
import DatabaseBackup from "lucide/dist/esm/icons/database-backup.mjs";
import FileDown from "lucide/dist/esm/icons/file-down.mjs";
import FileUp from "lucide/dist/esm/icons/file-up.mjs";
import FolderPlus from "lucide/dist/esm/icons/folder-plus.mjs";
import Keyboard from "lucide/dist/esm/icons/keyboard.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import MessagesSquare from "lucide/dist/esm/icons/messages-square.mjs";
import Moon from "lucide/dist/esm/icons/moon.mjs";
import PanelLeft from "lucide/dist/esm/icons/panel-left.mjs";
import PanelRight from "lucide/dist/esm/icons/panel-right.mjs";
import Plug from "lucide/dist/esm/icons/plug.mjs";
import Restore from "lucide/dist/esm/icons/rotate-ccw.mjs";
import Rocket from "lucide/dist/esm/icons/rocket.mjs";
import Search from "lucide/dist/esm/icons/search.mjs";
import Server from "lucide/dist/esm/icons/server.mjs";
import SettingsIcon from "lucide/dist/esm/icons/settings.mjs";
import SquarePen from "lucide/dist/esm/icons/square-pen.mjs";
import Sun from "lucide/dist/esm/icons/sun.mjs";
import Unplug from "lucide/dist/esm/icons/unplug.mjs";
import ZoomIn from "lucide/dist/esm/icons/zoom-in.mjs";
import ZoomOut from "lucide/dist/esm/icons/zoom-out.mjs";
import type { HostView, Session } from "../ipc/bindings";
import type { Entry } from "../features/palette";
import { groupLabel, ROWS } from "../features/settings";
import { whenOf } from "../i18n/when";
import { m } from "../paraglide/messages.js";
import { app, SECTIONS } from "../state/app.svelte";
import { chats } from "../state/chats.svelte";
import { conditionOf } from "../state/condition";
import { connections } from "../state/connections.svelte";
import { drafts } from "../state/drafts.svelte";
import { hostName } from "../state/host-name";
import { hosts } from "../state/hosts.svelte";
import { library } from "../state/library.svelte";
import { mode } from "../state/mode.svelte";
import { toggleInspector, toggleList } from "../state/panes.svelte";
import { plans } from "../state/plans.svelte";
import { settings } from "../state/settings.svelte";
import { settingsView } from "../state/settings-view.svelte";
import { tasks } from "../state/tasks.svelte";
import { toasts } from "../state/toasts.svelte";
import { transfers } from "../state/transfers.svelte";
import { resetZoom, zoom } from "../state/zoom";
import { findInChat, searchAll } from "./go";
import { ENTRIES } from "./sections.svelte";

const KINDS = { chat: MessageSquare, compare: Columns, conversation: MessagesSquare };

type Command = Omit<Entry, "group">;

function told(work: Promise<unknown>): void {
  work.catch((thrown: unknown) => toasts.error(thrown));
}

function chat(session: Session): Entry {
  const folder = library.folder(session.folder_id)?.name;
  const state = chats.active.has(session.id)
    ? m.comfort_palette_writing()
    : session.archived
      ? m.comfort_palette_archived()
      : whenOf(session.updated_at);
  return {
    id: `chat ${session.id}`,
    group: "chats",
    label: session.title,
    icon: session.archived ? Archive : KINDS[session.kind],
    detail: [folder, state].filter(Boolean).join(" · "),
    words: session.tags.join(" "),
    run: () => app.openSession(session.id),
  };
}

function server(view: HostView): Entry {
  const { id, address } = view.host;
  const condition = conditionOf(view);
  return {
    id: `server ${id}`,
    group: "servers",
    label: hostName(view.host),
    icon: Server,
    detail: [condition.word, condition.detail].filter(Boolean).join(", "),
    words: [address.type === "ssh" ? address.data.line : "", view.deployment?.model ?? ""].join(" "),
    run: () => app.openHost(id),
  };
}

/** What can be done with a server in its state. */
function serverCommands(view: HostView): Command[] {
  const { id } = view.host;
  const name = hostName(view.host);
  const state = connections.get(id)?.state ?? "disconnected";
  const open = state !== "disconnected" && state !== "needs_attention";
  const all: Command[] = [
    {
      id: `deploy ${id}`,
      label: m.comfort_deploy({ name }),
      icon: Rocket,
      run: () => {
        plans.edit(id);
        app.openDeploy(id);
      },
    },
  ];
  if (view.deployment && !open)
    all.unshift({ id: `connect ${id}`, label: m.comfort_connect({ name }), icon: Plug, run: () => told(tasks.connect(id)) });
  if (open)
    all.unshift({
      id: `disconnect ${id}`,
      label: m.comfort_disconnect({ name }),
      icon: Unplug,
      run: () => told(connections.stop(id)),
    });
  return all;
}

/** What can be done with the conversation that is open. */
function openChatCommands(): Command[] {
  const session = app.sessionId === null ? undefined : chats.sessions.get(app.sessionId);
  if (!session || app.section !== "chats") return [];
  const ids = [session.id];
  return [
    { id: "find", label: m.chats_find(), icon: Search, keys: "Mod+F", run: findInChat },
    { id: "export json", label: m.chats_export_json(), icon: FileUp, run: () => void transfers.export(ids, "json") },
    {
      id: "export markdown",
      label: m.chats_export_markdown(),
      icon: FileUp,
      run: () => void transfers.export(ids, "markdown"),
    },
    { id: "export html", label: m.chats_export_html(), icon: FileUp, run: () => void transfers.export(ids, "html") },
    {
      id: "archive chat",
      label: session.archived ? m.chats_from_archive() : m.comfort_archive_chat(),
      icon: Archive,
      run: () => void library.archive(ids, !session.archived),
    },
  ];
}

function commands(): Command[] {
  const dark = document.documentElement.dataset.theme === "dark";
  return [
    { id: "new", label: m.app_key_new_chat(), icon: SquarePen, keys: "Mod+N", run: () => mode.begin("chat") },
    {
      id: "compare",
      label: m.comfort_key_compare(),
      icon: Columns,
      keys: "Mod+Shift+L",
      run: () => mode.begin("compare"),
    },
    { id: "conversation", label: m.comfort_conversation(), icon: MessagesSquare, run: () => mode.begin("conversation") },
    { id: "search all", label: m.comfort_key_search_all(), icon: Search, keys: "Mod+Shift+F", run: searchAll },
    ...openChatCommands(),
    ...SECTIONS.map((section, index) => ({
      id: `section ${section}`,
      label: m.comfort_open_section({ name: ENTRIES[section].label() }),
      icon: ENTRIES[section].icon,
      keys: `Mod+${index + 1}`,
      run: () => app.open(section),
    })),
    ...hosts.list.flatMap(serverCommands),
    {
      id: "folder",
      label: m.chats_new_folder(),
      icon: FolderPlus,
      run: () => (library.dialog = { kind: "folder", folder: null, ids: [] }),
    },
    {
      id: "archive",
      label: m.chats_archive_open(),
      icon: Archive,
      run: () => {
        app.open("chats");
        library.show("archive");
      },
    },
    { id: "import", label: m.chats_import(), icon: FileDown, run: () => void transfers.import("import") },
    { id: "backup", label: m.chats_backup(), icon: DatabaseBackup, run: () => void transfers.backup() },
    { id: "restore", label: m.chats_restore(), icon: Restore, run: () => void transfers.import("restore") },
    {
      id: "theme",
      label: dark ? m.comfort_light() : m.comfort_dark(),
      icon: dark ? Sun : Moon,
      words: m.settings_theme(),
      run: () => void settings.change({ theme: dark ? "light" : "dark" }),
    },
    { id: "larger", label: m.comfort_key_larger(), icon: ZoomIn, keys: "Mod+=", words: m.comfort_zoom(), run: () => zoom(1) },
    { id: "smaller", label: m.comfort_key_smaller(), icon: ZoomOut, keys: "Mod+-", words: m.comfort_zoom(), run: () => zoom(-1) },
    { id: "normal", label: m.comfort_key_normal(), icon: ZoomIn, keys: "Mod+0", words: m.comfort_zoom(), run: resetZoom },
    { id: "list", label: m.app_key_list(), icon: PanelLeft, keys: "Mod+B", run: toggleList },
    { id: "inspector", label: m.app_key_inspector(), icon: PanelRight, keys: "Mod+I", run: toggleInspector },
    {
      id: "shortcuts",
      label: m.app_shortcuts(),
      icon: Keyboard,
      keys: "Mod+/",
      run: () => (app.shortcutsOpen = true),
    },
  ];
}

/** All that the palette finds, but the texts of the conversations. */
export function paletteEntries(): Entry[] {
  return [
    ...Array.from(library.all, (session) => chat(session)),
    ...commands().map((command): Entry => ({ ...command, group: "commands" })),
    ...hosts.list.map(server),
    ...ROWS.map((row): Entry => ({
      id: `setting ${row.title()}`,
      group: "settings",
      label: row.title(),
      icon: SettingsIcon,
      detail: groupLabel(row.group),
      words: row.words(),
      run: () => {
        settingsView.search = row.title();
        app.open("settings");
      },
    })),
  ];
}

/** A new conversation that begins with what was typed. */
export function chatAbout(words: string): Entry {
  return {
    id: "new about",
    group: "commands",
    label: m.comfort_new_about({ text: words }),
    icon: SquarePen,
    run: () => {
      app.newChat();
      drafts.setText(null, words);
    },
  };
}
