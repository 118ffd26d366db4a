import type { AppInfo, ErrorInfo, HostId, MessageId, SessionId, Snapshot } from "../ipc/bindings";
import { toErrorInfo } from "../ipc/errors";
import { attach, onSnapshot } from "../ipc/events";

/** A section of the rail. */
export type Section = "chats" | "servers" | "metrics" | "logs" | "settings";

/** The sections in the order of the rail and of Mod+1…5. */
export const SECTIONS: readonly Section[] = ["chats", "servers", "metrics", "logs", "settings"];

/** Whether the window has its first snapshot. */
export type Phase = "starting" | "ready" | "failed";

const IS_QUICK = new URLSearchParams(location.search).has("quick");
const REMEMBERED = "slipway.section";
const REMEMBERED_CHAT = "slipway.chat";

function remembered(): Section {
  const saved = localStorage.getItem(REMEMBERED);
  return SECTIONS.find((section) => section === saved) ?? "servers";
}

/** This computer is always among the hosts; a program that was used holds more. */
function isUntouched({ hosts, sessions }: Snapshot): boolean {
  const used = hosts.some(({ host, deployment, last_error }) => host.id !== "local" || deployment || last_error);
  return !used && sessions.length === 0;
}

/** Where the person is in the window, and what they look at. */
class AppState {
  phase = $state<Phase>("starting");
  #begun: () => void = () => undefined;
  /** Resolves when the first start is over: there is a snapshot, or a reason why there is none. */
  readonly begun = new Promise<void>((resolve) => (this.#begun = resolve));
  /** Why the start failed. */
  error = $state.raw<ErrorInfo | null>(null);
  info = $state.raw<AppInfo | null>(null);

  section = $state<Section>(IS_QUICK ? "chats" : remembered());
  /** No section was ever opened here: most likely the page of two doors comes first. */
  readonly isNew = !IS_QUICK && localStorage.getItem(REMEMBERED) === null;
  /** The page of two doors, until there is a host. Set by the first snapshot. */
  firstRun = $state(false);
  /** The host selected in Servers; null shows all. */
  hostId = $state<HostId | null>(null);
  /** The host whose own page is open in Servers; null shows the cards. */
  hostPageId = $state<HostId | null>(null);
  /** The host whose deploy page is open in Servers. */
  deployHostId = $state<HostId | null>(null);
  #sessionId = $state<SessionId | null>(null);
  /** The host that a new conversation starts with; null lets Chats choose. */
  draftHostId = $state<HostId | null>(null);
  /** The message of the open conversation that is to be in view, marked as the one that was looked for. */
  targetMessageId = $state<MessageId | null>(null);
  /** Which of the places that are marked in it is the present one, from 0. */
  targetPlace = $state(0);
  /** Counts up whenever that message is to be brought into view, also when it is the same again. */
  targetVisit = $state(0);
  /** The words that are marked in the thread, as they were searched. */
  foundWords = $state("");
  /** Whether the bar that finds in the open conversation is there. */
  findOpen = $state(false);
  /** Counts up whenever the composer is to take the focus. */
  composerFocus = $state(0);
  /** A text that Logs filters by when it opens, for example a detail id. */
  logFilter = $state("");

  /** Wide windows: panes shown beside the main one. */
  listOpen = $state(true);
  inspectorOpen = $state(true);
  /** Narrow windows: the one drawer over the main pane. */
  drawer = $state<"list" | "inspector" | null>(null);
  shortcutsOpen = $state(false);
  paletteOpen = $state(false);
  /** This is the small window of the global shortcut: one conversation, no sections. */
  readonly quick = IS_QUICK;

  constructor() {
    onSnapshot((snapshot) => {
      this.info = snapshot.app;
      if (this.phase === "ready") return;
      this.firstRun = isUntouched(snapshot);
      const chat = this.quick ? null : localStorage.getItem(REMEMBERED_CHAT);
      if (this.sessionId === null && snapshot.sessions.some(({ id }) => id === chat)) this.sessionId = chat;
      this.phase = "ready";
      this.#begun();
    });
  }

  /** The conversation open in Chats; null is a new one. The next start of the window opens it again. */
  get sessionId(): SessionId | null {
    return this.#sessionId;
  }
  set sessionId(id: SessionId | null) {
    this.#sessionId = id;
    if (this.quick) return;
    if (id === null) localStorage.removeItem(REMEMBERED_CHAT);
    else localStorage.setItem(REMEMBERED_CHAT, id);
  }

  /** Takes the first snapshot and follows the backend; used again to retry. */
  async start(): Promise<void> {
    this.phase = "starting";
    try {
      await attach();
      this.error = null;
    } catch (thrown) {
      this.error = toErrorInfo(thrown);
      this.phase = "failed";
      this.#begun();
    }
  }

  open(section: Section): void {
    this.section = section;
    this.firstRun = false;
    this.drawer = null;
    if (!this.quick) localStorage.setItem(REMEMBERED, section);
  }

  /** Opens a host's page, or the cards of all. */
  openHost(hostId: HostId | null): void {
    this.hostId = hostId;
    this.hostPageId = hostId;
    this.deployHostId = null;
    this.open("servers");
  }

  openDeploy(hostId: HostId): void {
    this.hostId = hostId;
    this.hostPageId = hostId;
    this.deployHostId = hostId;
    this.open("servers");
  }

  openSession(sessionId: SessionId): void {
    if (sessionId !== this.sessionId) this.leaveFind();
    this.sessionId = sessionId;
    this.open("chats");
  }

  /** Opens a conversation at one of its messages. */
  openMessage(sessionId: SessionId, messageId: MessageId | null): void {
    this.openSession(sessionId);
    this.visit(messageId);
  }

  /** Brings a message of the open conversation into view, at one of the places that are marked in it. */
  visit(messageId: MessageId | null, place = 0): void {
    this.targetMessageId = messageId;
    this.targetPlace = place;
    this.targetVisit += 1;
  }

  /** Nothing is looked for in the open conversation any more. */
  leaveFind(): void {
    this.findOpen = false;
    this.foundWords = "";
    this.visit(null);
  }

  /** Opens an empty conversation with the cursor in the composer. */
  newChat(hostId: HostId | null = null): void {
    this.leaveFind();
    this.sessionId = null;
    this.draftHostId = hostId;
    this.open("chats");
    this.composerFocus += 1;
  }

  openLogs(filter = ""): void {
    this.logFilter = filter;
    this.open("logs");
  }

  toggleList(narrow: boolean): void {
    if (narrow) this.drawer = this.drawer === "list" ? null : "list";
    else this.listOpen = !this.listOpen;
  }

  toggleInspector(narrow: boolean): void {
    if (narrow) this.drawer = this.drawer === "inspector" ? null : "inspector";
    else this.inspectorOpen = !this.inspectorOpen;
  }
}

/** The one window's place. */
export const app = new AppState();
