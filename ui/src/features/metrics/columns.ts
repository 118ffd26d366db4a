import type { MetricsOfModel } from "../../ipc/bindings";
import { milliseconds, number, tokensPerSecond, UNKNOWN } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import { errorWords, modelWords, serverWords } from "./words";

/** A column of the model table. */
export interface Column {
  id: "model" | "server" | "requests" | "first_p50" | "first_p95" | "speed" | "tokens" | "waited" | "errors" | "frequent";
  label: () => string;
  /** The label where the column before says the rest. */
  short?: () => string;
  kind: "text" | "number";
  /** What it is sorted by; null stands last, whatever the direction. */
  value: (row: MetricsOfModel) => string | number | null;
  words: (row: MetricsOfModel) => string;
}

/** By which column, and in which direction. */
export interface Sorting {
  id: Column["id"];
  direction: "ascending" | "descending";
}

export const COLUMNS: readonly Column[] = [
  text("model", m.metrics_col_model, (row) => modelWords(row.model)),
  text("server", m.metrics_col_server, serverWords),
  figure("requests", m.metrics_col_requests, ({ figures }) => figures.requests, number),
  figure("first_p50", m.metrics_col_first_p50, ({ figures }) => figures.first_token_ms.p50, milliseconds),
  { ...figure("first_p95", m.metrics_col_first_p95, ({ figures }) => figures.first_token_ms.p95, milliseconds), short: m.metrics_p95 },
  figure("speed", m.metrics_col_speed, ({ figures }) => figures.tokens_per_second.p50, tokensPerSecond),
  figure("tokens", m.metrics_col_tokens, ({ figures }) => figures.completion_tokens, number),
  figure("waited", m.metrics_col_waited, ({ figures }) => figures.queue_ms.p95, milliseconds),
  figure("errors", m.metrics_col_errors, ({ figures }) => figures.errors, number),
  {
    id: "frequent",
    label: m.metrics_col_frequent,
    kind: "text",
    value: ({ frequent_error }) => (frequent_error ? errorWords(frequent_error) : null),
    words: ({ frequent_error }) => (frequent_error ? errorWords(frequent_error) : UNKNOWN),
  },
];

function text(id: Column["id"], label: () => string, words: (row: MetricsOfModel) => string): Column {
  return { id, label, kind: "text", value: words, words };
}

function figure(
  id: Column["id"],
  label: () => string,
  value: (row: MetricsOfModel) => number | null,
  format: (value: number) => string,
): Column {
  const words = (row: MetricsOfModel): string => {
    const known = value(row);
    return known === null ? UNKNOWN : format(known);
  };
  return { id, label, kind: "number", value, words };
}

/** The next sorting when a column's head is pressed: figures begin with the largest, words with A. */
export function pressed({ id, direction }: Sorting, column: Column): Sorting {
  if (id === column.id) return { id, direction: direction === "ascending" ? "descending" : "ascending" };
  return { id: column.id, direction: column.kind === "number" ? "descending" : "ascending" };
}

/** The rows in order; equal ones stay as they came. */
export function sorted(rows: readonly MetricsOfModel[], { id, direction }: Sorting): MetricsOfModel[] {
  const column = COLUMNS.find((one) => one.id === id);
  if (!column) return [...rows];
  const sign = direction === "ascending" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right), undefined, { numeric: true });
  });
}
