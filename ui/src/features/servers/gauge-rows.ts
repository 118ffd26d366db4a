import type { HostGauges } from "../../ipc/bindings";
import { bytes, memoryOf, memoryPart, number, percent, UNKNOWN } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";

/** Past this part of the whole a gauge is amber. */
const LIMIT = 0.9;
const MEBIBYTE = 1024 ** 2;
/** So many graphics processors have a gauge each on a card. */
const EACH = 2;

/** Something that fills up. */
export interface GaugeRow {
  key: string;
  label: string;
  /** 0 to 1. */
  part: number;
  /** The figure in words. */
  words: string;
  /** Whether it is nearly full. */
  warn: boolean;
}

function row(key: string, label: string, part: number, words: string): GaugeRow {
  return { key, label, part, words, warn: part > LIMIT };
}

/** How much the graphics processors compute; one row for all of them where there are too many. */
function loads({ gpus }: HostGauges, each: number): GaugeRow[] {
  const known = gpus.flatMap(({ used }, index) => (used === null ? [] : [{ used, index }]));
  if (known.length > each) {
    const most = Math.max(...known.map(({ used }) => used));
    return [row("gpu", m.gauges_gpu_busiest({ count: number(known.length) }), most, percent(most))];
  }
  return known.map(({ used, index }) => {
    const label = gpus.length === 1 ? m.gauges_gpu() : m.gauges_gpu_index({ index: number(index) });
    return row(`gpu-${index}`, label, used, percent(used));
  });
}

/** The memory of all graphics processors together, or of each of them. */
function gpuMemory({ gpus }: HostGauges, together: boolean): GaugeRow[] {
  const known = gpus.flatMap(({ memory_used_mb: used, memory_total_mb: total }, index) =>
    used === null || !total ? [] : [{ used: used * MEBIBYTE, total: total * MEBIBYTE, index }],
  );
  if (known.length === 0) return [];
  if (together || known.length === 1) {
    const used = known.reduce((sum, gpu) => sum + gpu.used, 0);
    const total = known.reduce((sum, gpu) => sum + gpu.total, 0);
    return [row("gpu-memory", m.gauges_gpu_memory(), used / total, memoryOf(used, total))];
  }
  return known.map(({ used, total, index }) =>
    row(`gpu-memory-${index}`, m.gauges_gpu_memory_index({ index: number(index) }), used / total, memoryOf(used, total)),
  );
}

function memoryRows(gauges: HostGauges): GaugeRow[] {
  const { memory_total_bytes: total, memory_used_bytes: used } = gauges;
  return total && used !== null ? [row("memory", m.gauges_memory(), used / total, memoryOf(used, total))] : [];
}

function cacheRows({ kv_cache_used: used }: HostGauges): GaugeRow[] {
  return used === null ? [] : [row("cache", m.gauges_cache(), used, percent(used))];
}

function diskRows({ disk_total_bytes: total, disk_free_bytes: free }: HostGauges): GaugeRow[] {
  if (!total || free === null) return [];
  return [row("disk", m.gauges_disk(), (total - free) / total, m.gauges_disk_free({ free: bytes(free) }))];
}

/** The few that a card has room for: what the model runs on, what it remembers in, the disk. */
export function cardGauges(gauges: HostGauges): GaugeRow[] {
  const onGpu = gpuMemory(gauges, true);
  return [
    ...loads(gauges, EACH),
    ...(onGpu.length > 0 ? onGpu : memoryRows(gauges)),
    ...cacheRows(gauges),
    ...diskRows(gauges),
  ];
}

/** All of them, for the host's own page. */
export function pageGauges(gauges: HostGauges): GaugeRow[] {
  const { memory_total_bytes: total, engine_memory_bytes: held } = gauges;
  const engine = total && held !== null ? [row("engine", m.gauges_engine(), held / total, memoryPart(held))] : [];
  return [
    ...loads(gauges, Infinity),
    ...gpuMemory(gauges, false),
    ...memoryRows(gauges),
    ...engine,
    ...cacheRows(gauges),
    ...diskRows(gauges),
  ];
}

/** Slots and queue as figures of a line; those that the engine does not tell are left out. */
export function slotFigures(gauges: HostGauges | null): { name: string; value: string }[] {
  if (gauges === null) return [];
  const { slots_busy: busy, slots_total: total, queue } = gauges;
  const slots = total === null ? [] : [{ name: m.gauges_slots(), value: slotWords(busy, total) }];
  return queue === null ? slots : [...slots, { name: m.gauges_queue(), value: number(queue) }];
}

function slotWords(busy: number | null, total: number): string {
  return m.gauges_slots_of({ busy: busy === null ? UNKNOWN : number(busy), total: number(total) });
}
