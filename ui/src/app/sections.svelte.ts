import type { Component } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import ChartLine from "@lucide/svelte/icons/chart-line";
import Logs from "@lucide/svelte/icons/list";
import MessageSquare from "@lucide/svelte/icons/message-square";
import Server from "@lucide/svelte/icons/server";
import SettingsIcon from "@lucide/svelte/icons/settings";
import type { SessionId } from "../ipc/bindings";
import { m } from "../paraglide/messages.js";
import { app, SECTIONS, type Section } from "../state/app.svelte";

/** The panes of a section; null where it has none. */
export interface Panes {
  List: Component | null;
  Main: Component;
  Inspector: Component | null;
  /** Looks for words in the conversation that is open. */
  Find?: Component<{ sessionId: SessionId; onall: () => void }>;
}

/** What the rail says about a section. */
export interface SectionEntry {
  icon: Component<Record<string, unknown>>;
  label: () => string;
}

export const ENTRIES: Record<Section, SectionEntry> = {
  chats: { icon: MessageSquare, label: () => m.app_chats() },
  servers: { icon: Server, label: () => m.app_servers() },
  metrics: { icon: ChartLine, label: () => m.app_metrics() },
  logs: { icon: Logs, label: () => m.app_logs() },
  settings: { icon: SettingsIcon, label: () => m.app_settings() },
};

type Module = { panes: () => Panes };

/** Each is a part of the program's text of its own: the first picture waits for one of them only. */
const MODULES: Record<Section, () => Promise<Module>> = {
  chats: () => import("./panes/chats"),
  servers: () => import("./panes/servers"),
  metrics: () => import("./panes/metrics"),
  logs: () => import("./panes/logs"),
  settings: () => import("./panes/settings"),
};

const loaded = new SvelteMap<Section, Module>();

/** Makes a section ready to be shown. */
export async function loadSection(section: Section): Promise<void> {
  if (!loaded.has(section)) loaded.set(section, await MODULES[section]());
}

/** Loads what the first picture did not need, so that no click waits for it. */
export async function loadOtherSections(): Promise<void> {
  for (const section of SECTIONS) await loadSection(section);
}

/** The panes of the section that is open; null until it is loaded. */
export function panes(): Panes | null {
  const module = loaded.get(app.section);
  return module?.panes() ?? null;
}
