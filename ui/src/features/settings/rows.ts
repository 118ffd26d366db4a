import type { Settings } from "../../ipc/bindings";
import { number } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import { DEFAULTS } from "../../state/settings.svelte";
import type { GroupId } from "../../state/settings-view.svelte";

export const GROUPS: readonly GroupId[] = ["general", "chat", "servers", "models", "data"];

/** The settings that are numbers. */
export type NumberKey =
  | "chat_limit"
  | "deploy_limit"
  | "monitor_interval_s"
  | "tunnel_wait_s"
  | "keepalive_timeout_s"
  | "first_token_timeout_s"
  | "temperature"
  | "max_tokens"
  | "notify_after_s"
  | "zoom_percent"
  | "metrics_days"
  | "log_megabytes";

/** The settings that are on or off. */
export type SwitchKey =
  | "start_at_login"
  | "close_to_tray"
  | "title_by_model"
  | "notify_answers"
  | "spell_check"
  | "use_service_manager";

/** The settings that are words. */
export type TextKey = "hub_url" | "package_index";

interface RowBase {
  group: GroupId;
  title: () => string;
  words: () => string;
}

/** A setting as a line: what it is called, what it does, within which bounds it moves. */
export type Row = RowBase &
  (
    | { kind: "language" }
    | { kind: "theme" }
    | { kind: "switch"; key: SwitchKey }
    /** An address; with `empty`, none is one too and means what that says. */
    | { kind: "address"; key: TextKey; empty?: () => string }
    /** A combination of keys that works from anywhere. */
    | { kind: "keys"; key: "quick_shortcut" }
    | {
        kind: "number";
        key: NumberKey;
        min: number;
        max: number;
        fractional?: boolean;
        unit: () => string;
      }
  );

export const ROWS: readonly Row[] = [
  {
    kind: "language",
    group: "general",
    title: () => m.settings_language(),
    words: () => m.settings_language_words(),
  },
  { kind: "theme", group: "general", title: () => m.settings_theme(), words: () => m.settings_theme_words() },
  {
    kind: "switch",
    key: "start_at_login",
    group: "general",
    title: () => m.settings_start_at_login(),
    words: () => m.settings_start_at_login_words(),
  },
  {
    kind: "switch",
    key: "close_to_tray",
    group: "general",
    title: () => m.settings_close_to_tray(),
    words: () => m.settings_close_to_tray_words(),
  },
  {
    kind: "keys",
    key: "quick_shortcut",
    group: "general",
    title: () => m.settings_quick_shortcut(),
    words: () => m.settings_quick_shortcut_words(),
  },
  {
    kind: "number",
    key: "zoom_percent",
    group: "general",
    title: () => m.settings_zoom(),
    words: () => m.settings_zoom_words(),
    min: 67,
    max: 200,
    unit: () => m.settings_unit_percent(),
  },
  {
    kind: "number",
    key: "temperature",
    group: "chat",
    title: () => m.settings_temperature(),
    words: () => m.settings_temperature_words(),
    min: 0,
    max: 2,
    fractional: true,
    unit: () => "",
  },
  {
    kind: "number",
    key: "max_tokens",
    group: "chat",
    title: () => m.settings_max_tokens(),
    words: () => m.settings_max_tokens_words(),
    min: 1,
    max: 131_072,
    unit: () => m.settings_unit_tokens(),
  },
  {
    kind: "number",
    key: "first_token_timeout_s",
    group: "chat",
    title: () => m.settings_first_token(),
    words: () => m.settings_first_token_words(),
    min: 5,
    max: 3600,
    unit: () => m.settings_unit_seconds(),
  },
  {
    kind: "number",
    key: "chat_limit",
    group: "chat",
    title: () => m.settings_chat_limit(),
    words: () => m.settings_chat_limit_words(),
    min: 1,
    max: 32,
    unit: () => "",
  },
  {
    kind: "switch",
    key: "title_by_model",
    group: "chat",
    title: () => m.settings_title_by_model(),
    words: () => m.settings_title_by_model_words(),
  },
  {
    kind: "switch",
    key: "notify_answers",
    group: "chat",
    title: () => m.settings_notify_answers(),
    words: () => m.settings_notify_answers_words(),
  },
  {
    kind: "number",
    key: "notify_after_s",
    group: "chat",
    title: () => m.settings_notify_after(),
    words: () => m.settings_notify_after_words(),
    min: 1,
    max: 3600,
    unit: () => m.settings_unit_seconds(),
  },
  {
    kind: "switch",
    key: "spell_check",
    group: "chat",
    title: () => m.settings_spell_check(),
    words: () => m.settings_spell_check_words(),
  },
  {
    kind: "number",
    key: "deploy_limit",
    group: "servers",
    title: () => m.settings_deploy_limit(),
    words: () => m.settings_deploy_limit_words(),
    min: 1,
    max: 8,
    unit: () => "",
  },
  {
    kind: "number",
    key: "monitor_interval_s",
    group: "servers",
    title: () => m.settings_monitor(),
    words: () => m.settings_monitor_words(),
    min: 5,
    max: 600,
    unit: () => m.settings_unit_seconds(),
  },
  {
    kind: "number",
    key: "keepalive_timeout_s",
    group: "servers",
    title: () => m.settings_keepalive(),
    words: () => m.settings_keepalive_words(),
    min: 3,
    max: 120,
    unit: () => m.settings_unit_seconds(),
  },
  {
    kind: "number",
    key: "tunnel_wait_s",
    group: "servers",
    title: () => m.settings_tunnel_wait(),
    words: () => m.settings_tunnel_wait_words(),
    min: 0,
    max: 120,
    unit: () => m.settings_unit_seconds(),
  },
  {
    kind: "switch",
    key: "use_service_manager",
    group: "servers",
    title: () => m.settings_service_manager(),
    words: () => m.settings_service_manager_words(),
  },
  {
    kind: "address",
    key: "hub_url",
    group: "models",
    title: () => m.settings_hub_url(),
    words: () => m.settings_hub_url_words(),
  },
  {
    kind: "address",
    key: "package_index",
    group: "models",
    title: () => m.settings_package_index(),
    words: () => m.settings_package_index_words(),
    empty: () => m.settings_package_index_default(),
  },
  {
    kind: "number",
    key: "metrics_days",
    group: "data",
    title: () => m.settings_metrics_days(),
    words: () => m.settings_metrics_days_words(),
    min: 1,
    max: 3650,
    unit: () => m.settings_unit_days(),
  },
  {
    kind: "number",
    key: "log_megabytes",
    group: "data",
    title: () => m.settings_log_size(),
    words: () => m.settings_log_size_words(),
    min: 1,
    max: 1000,
    unit: () => m.settings_unit_megabytes(),
  },
];

/** What a group is called. */
export function groupLabel(group: GroupId): string {
  switch (group) {
    case "general":
      return m.settings_group_general();
    case "chat":
      return m.settings_group_chat();
    case "servers":
      return m.settings_group_servers();
    case "models":
      return m.settings_group_models();
    case "data":
      return m.settings_group_data();
  }
}

/** The field of {@link Settings} that a row changes. */
export function keyOf(row: Row): keyof Settings {
  return row.kind === "language" || row.kind === "theme" ? row.kind : row.key;
}

/** Whether a row differs from its default. */
export function isChanged(row: Row, value: Settings): boolean {
  return value[keyOf(row)] !== DEFAULTS[keyOf(row)];
}

/** The default in words, with its unit. */
export function defaultWords(row: Row): string {
  if (row.kind === "switch") {
    return m.settings_default({ value: DEFAULTS[row.key] ? m.settings_on() : m.settings_off() });
  }
  if (row.kind === "keys") return m.settings_default({ value: m.settings_keys_none() });
  if (row.kind === "address") return m.settings_default({ value: DEFAULTS[row.key] || (row.empty?.() ?? "") });
  if (row.kind !== "number") return m.settings_default({ value: m.settings_as_system() });
  const value = DEFAULTS[row.key];
  if (value === null) return m.settings_default({ value: m.settings_default_engine() });
  return m.settings_default({ value: `${number(value)} ${row.unit()}`.trim() });
}

/** The rows that speak of what is searched. */
export function foundRows(words: string): readonly Row[] {
  const needle = words.trim().toLowerCase();
  if (needle === "") return ROWS;
  return ROWS.filter((row) => `${row.title()} ${row.words()} ${groupLabel(row.group)}`.toLowerCase().includes(needle));
}

/** Whether what is searched is the token of the hub, which is no setting: it lies in the keychain. */
export function isTokenFound(words: string): boolean {
  const needle = words.trim().toLowerCase();
  const all = `${m.settings_hub_token()} ${m.settings_hub_token_words()} ${groupLabel("models")}`;
  return needle !== "" && all.toLowerCase().includes(needle);
}
