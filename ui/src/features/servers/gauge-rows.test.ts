import { describe, expect, it } from "vitest";
import type { GpuGauge, HostGauges } from "../../ipc/bindings";
import { cardGauges, pageGauges, slotFigures } from "./gauge-rows";

const GIB = 1024 ** 3;

function gauges(part: Partial<HostGauges> = {}): HostGauges {
  return {
    at: 0,
    gpus: [],
    memory_total_bytes: 64 * GIB,
    memory_used_bytes: 32 * GIB,
    disk_total_bytes: 1_000e9,
    disk_free_bytes: 612e9,
    engine_memory_bytes: 8 * GIB,
    slots_total: 4,
    slots_busy: 1,
    queue: 0,
    kv_cache_used: 0.36,
    ...part,
  };
}

function gpu(used: number | null, memory: number | null = 12_288): GpuGauge {
  return { name: "card", used, memory_used_mb: memory, memory_total_mb: memory === null ? null : 24_576 };
}

const keys = (rows: { key: string }[]): string[] => rows.map(({ key }) => key);

describe("the gauges of a card", () => {
  it("show the memory of the host where there is no graphics processor", () => {
    expect(cardGauges(gauges()).map(({ key, words, part }) => [key, words, part])).toEqual([
      ["memory", "32.0 of 64.0 GB", 0.5],
      ["cache", "36%", 0.36],
      ["disk", "612 GB free", 0.388],
    ]);
  });

  it("show the memory of all graphics processors as one", () => {
    const rows = cardGauges(gauges({ gpus: [gpu(0.91), gpu(0.99)] }));
    expect(keys(rows)).toEqual(["gpu-0", "gpu-1", "gpu-memory", "cache", "disk"]);
    expect(rows[2]).toMatchObject({ part: 0.5, words: "24.0 of 48.0 GB" });
  });

  it("show the busiest of many", () => {
    const rows = cardGauges(gauges({ gpus: [0.1, 0.7, 0.2, 0.3].map((used) => gpu(used)) }));
    expect(rows[0]).toMatchObject({ label: "GPU, busiest of 4", words: "70%" });
  });

  it("leave out what the host does not tell, and fall back to its memory", () => {
    const none = { kv_cache_used: null, disk_total_bytes: null, disk_free_bytes: null };
    expect(keys(cardGauges(gauges({ ...none, gpus: [gpu(null, null)] })))).toEqual(["memory"]);
  });

  it("warn past nine tenths, not at them", () => {
    const at = (part: number) => cardGauges(gauges({ kv_cache_used: part })).find(({ key }) => key === "cache")?.warn;
    expect([at(0.9), at(0.91)]).toEqual([false, true]);
    const disk = cardGauges(gauges({ disk_free_bytes: 21e9 })).find(({ key }) => key === "disk");
    expect(disk?.warn).toBe(true);
  });
});

describe("the gauges of a page", () => {
  it("show every graphics processor, and what the engine holds of the memory", () => {
    const rows = pageGauges(gauges({ gpus: [gpu(0.1), gpu(0.2), gpu(0.3)] }));
    expect(keys(rows)).toEqual(["gpu-0", "gpu-1", "gpu-2", "gpu-memory-0", "gpu-memory-1", "gpu-memory-2", "memory", "engine", "cache", "disk"]);
    expect(rows.find(({ key }) => key === "engine")).toMatchObject({ part: 0.125, words: "8.0 GB" });
  });
});

describe("slots and queue", () => {
  it("are figures where the engine tells them", () => {
    expect(slotFigures(gauges()).map(({ value }) => value)).toEqual(["1 of 4", "0"]);
    expect(slotFigures(gauges({ slots_total: null, queue: null }))).toEqual([]);
    expect(slotFigures(null)).toEqual([]);
  });
});
