import { beforeEach, describe, expect, it, vi } from "vitest";

import { replaceBackend, type BatchHandler } from "../ipc/backend";
import { NO_DRAFT } from "../ipc/blank";
import type { LogRecord, Snapshot } from "../ipc/bindings";
import { attach } from "../ipc/events";
import { logs } from "./logs.svelte";
import { DEFAULTS } from "./settings.svelte";

let emit: (from: number, count: number) => void;
let listed: LogRecord[] = [];
let listing: () => Promise<LogRecord[]>;

function record(seq: number): LogRecord {
  return { seq, timestamp: seq, request_id: "r", line: { level: "info", target: "ssh", text: `line ${seq}`, host_id: null } };
}

const snapshot: Snapshot = {
  seq: 0,
  app: { version: "1", platform: "linux", system_language: "en", data_dir: "", log_dir: "", cpu: "", memory_total_bytes: null, disk_free_bytes: null, hub_token: false },
  settings: DEFAULTS, hosts: [], connections: [], tasks: [], sessions: [], folders: [], draft: NO_DRAFT,
};

beforeEach(async () => {
  vi.useFakeTimers();
  logs.lines = [];
  logs.status = "idle";
  listing = () => Promise.resolve(listed);
  let batch: BatchHandler = () => undefined;
  let base = 0;
  replaceBackend({
    invoke: (name) => {
      if (name === "snapshot") return Promise.resolve({ ...snapshot, seq: (base = Date.now()) });
      if (name === "log_list") return listing();
      return Promise.resolve({});
    },
    subscribe: (_after, onBatch) => {
      batch = onBatch;
      return Promise.resolve({ complete: true });
    },
  });
  vi.setSystemTime(Date.now() + 1_000_000);
  await attach();
  emit = (from, count) => {
    batch(
      Array.from({ length: count }, (_, index) => {
        const { line, timestamp } = record(base + from + index);
        return { request_id: "r", seq: base + from + index, timestamp, body: { type: "log", data: line } };
      }),
    );
  };
  listed = [];
});

describe("the log", () => {
  it("takes new lines in batches, with growing keys", () => {
    emit(1, 3);
    expect(logs.lines).toHaveLength(0);
    vi.advanceTimersByTime(60);
    expect(logs.lines).toHaveLength(3);
    const keys = logs.lines.map(({ key }) => key);
    expect(keys).toEqual([...keys].sort((a, b) => a - b));
  });

  it("joins the earlier lines and the new ones without doubles", async () => {
    const now = Date.now();
    listed = [record(0), record(0), record(now + 1), record(now + 2)];
    emit(1, 3);
    await logs.open();
    vi.advanceTimersByTime(60);
    expect(logs.lines.map(({ seq }) => (seq === 0 ? 0 : seq - now))).toEqual([0, 0, 1, 2, 3]);
    emit(4, 1);
    vi.advanceTimersByTime(60);
    expect(logs.lines).toHaveLength(6);
  });

  it("keeps fifty thousand lines and lets the oldest go before new ones come", async () => {
    emit(1, 50_000);
    vi.advanceTimersByTime(60);
    expect(logs.lines).toHaveLength(50_000);
    emit(50_001, 10);
    vi.advanceTimersByTime(50);
    expect(logs.lines).toHaveLength(45_000);
    vi.advanceTimersByTime(50);
    expect(logs.lines).toHaveLength(45_010);
  });

  it("says why the earlier lines could not be read, keeps the new ones and tries again", async () => {
    listing = () => Promise.reject({ code: "local_disk", message: { en: "x", ru: "x" }, fix: { en: "", ru: "" }, detail_id: "" });
    await logs.open();
    expect(logs).toMatchObject({ status: "failed", error: { code: "local_disk" } });
    emit(1, 1);
    vi.advanceTimersByTime(60);
    expect(logs.lines).toHaveLength(1);
    listing = () => Promise.resolve([]);
    await logs.open();
    expect(logs).toMatchObject({ status: "ready", error: null });
    expect(logs.lines).toHaveLength(1);
  });
});
