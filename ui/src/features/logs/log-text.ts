import type { LogEntry } from "../../shared/log-filter";
import { serverName } from "./task-name";

/** Lines as a text that other programs read: one line each, time in UTC, parts set apart by tabs. */
export function logText(lines: readonly LogEntry[]): string {
  return lines
    .map((line) =>
      [
        new Date(line.timestamp).toISOString(),
        line.level.toUpperCase(),
        line.serverId === null ? "-" : serverName(line.serverId),
        line.taskId ?? "-",
        line.part,
        line.text.replace(/[\t\r\n]+/g, " "),
      ].join("\t"),
    )
    .join("\n");
}

/** The name that is offered for a saved log. */
export function logFileName(now: Date): string {
  return `slipway-${now.toISOString().slice(0, 19).replace(/[:T]/g, "-")}.log`;
}
