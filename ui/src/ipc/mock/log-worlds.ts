import type { LogLevel } from "../bindings";
import type { MockStream } from "./stream";

const TEXTS = [
  "ok, 12 ms, 1 of 4 slots, queue 0",
  "first token after 411 ms",
  "model 7,897,878,528 bytes (65.2%), 84 MB/s",
  "completions check took 4,812 ms, limit 2,000",
  "request sent, 11,438 prompt tokens, slot 0",
];
const LEVELS: LogLevel[] = ["info", "info", "debug", "warn", "info", "error"];
const HOSTS = ["studio", "lab-gpu-2", "rented-4090", null];

function line(stream: MockStream, index: number): void {
  const text = `${index}: ${TEXTS[index % TEXTS.length] ?? ""}`;
  stream.log(`task-${index % 7}`, index % 2 ? "engine" : "tunnel", text, HOSTS[index % HOSTS.length] ?? null, LEVELS[index % LEVELS.length]);
}

/** `logs-many`: twenty thousand lines are there, and a thousand more come every second. */
export function fillLog(stream: MockStream, name: string): void {
  if (name !== "logs-many") return;
  let index = 0;
  while (index < 20_000) line(stream, index++);
  const timer = setInterval(() => {
    for (const until = index + 50; index < until; ) line(stream, index++);
    if (index >= 60_000) clearInterval(timer);
  }, 50);
}
