import type { IconNode } from "lucide";
import type { Component } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import ChartLine from "lucide/dist/esm/icons/chart-line.mjs";
import Logs from "lucide/dist/esm/icons/list.mjs";
import MessageSquare from "lucide/dist/esm/icons/message-square.mjs";
import Server from "lucide/dist/esm/icons/server.mjs";
import SettingsIcon from "lucide/dist/esm/icons/settings.mjs";
import type { SessionId } from "../ipc/bindings";
import { m } from "../paraglide/messages.js";
import { app, SECTIONS, type Section } from "../state/app.svelte";
import * as chats from "./panes/chats";

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
  icon: IconNode;
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

/** Chats is what most starts show and comes with the program's text; each other section is a file of its own. */
const MODULES: Record<Section, () => Promise<Module>> = {
  chats: () => Promise.resolve(chats),
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
