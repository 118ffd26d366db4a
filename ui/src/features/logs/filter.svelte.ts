import { ALL_LEVELS, type LogCriteria, type LogEntryLevel } from "../../shared/log-filter";

const USUAL: readonly LogEntryLevel[] = ["info", "warn", "error"];

/** What the log screen shows; stays as it is while one is elsewhere. */
class LogScreenFilter implements LogCriteria {
  text = $state("");
  levels = $state.raw<ReadonlySet<LogEntryLevel>>(new Set(USUAL));
  serverId = $state<string | null>(null);
  taskId = $state<string | null>(null);

  toggle(level: LogEntryLevel): void {
    const levels = new Set(this.levels);
    if (!levels.delete(level)) levels.add(level);
    this.levels = levels;
  }

  clear(): void {
    this.text = "";
    this.levels = ALL_LEVELS;
    this.serverId = null;
    this.taskId = null;
  }
}

export const filter = new LogScreenFilter();
