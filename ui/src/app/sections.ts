import type { Component } from "svelte";
import ChartLine from "@lucide/svelte/icons/chart-line";
import Logs from "@lucide/svelte/icons/list";
import MessageSquare from "@lucide/svelte/icons/message-square";
import Server from "@lucide/svelte/icons/server";
import SettingsIcon from "@lucide/svelte/icons/settings";
import { ChatInspector, ChatMain } from "../features/chat";
import { DeployInspector, DeployMain } from "../features/deploy";
import { ChatList } from "../features/library";
import { LogsList, LogsMain } from "../features/logs";
import { MetricsList, MetricsMain } from "../features/metrics";
import { HostMain, ServersInspector, ServersList, ServersMain } from "../features/servers";
import { SettingsList, SettingsMain } from "../features/settings";
import { m } from "../paraglide/messages.js";
import { app, type Section } from "../state/app.svelte";
import { hosts } from "../state/hosts.svelte";
import { plans } from "../state/plans.svelte";

/** The panes of a section; null where it has none. */
export interface Panes {
  List: Component | null;
  Main: Component;
  Inspector: Component | null;
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

/** The panes of the section that is open. */
export function panes(): Panes {
  switch (app.section) {
    case "chats":
      return { List: ChatList, Main: ChatMain, Inspector: ChatInspector };
    case "servers":
      if (app.deployHostId === null)
        return {
          List: ServersList,
          Main: hosts.get(app.hostPageId) ? HostMain : ServersMain,
          Inspector: ServersInspector,
        };
      // A plan has its own second column; the inspector comes with the run.
      return {
        List: ServersList,
        Main: DeployMain,
        Inspector: plans.shown(app.deployHostId) === null ? null : DeployInspector,
      };
    case "metrics":
      return { List: MetricsList, Main: MetricsMain, Inspector: null };
    case "logs":
      return { List: LogsList, Main: LogsMain, Inspector: null };
    case "settings":
      return { List: SettingsList, Main: SettingsMain, Inspector: null };
  }
}
