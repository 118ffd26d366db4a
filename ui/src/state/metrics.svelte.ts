import type { ErrorInfo, HostId, Metrics, MetricsQuery, TaskKind } from "../ipc/bindings";
import { call } from "../ipc/call";
import { chooseSavePath } from "../ipc/dialog";
import { toErrorInfo } from "../ipc/errors";
import { onMessage } from "../ipc/events";
import { dayWords, rangeOf, type Dates, type Range, type RangeName } from "./metrics-range";
import { tasks } from "./tasks.svelte";

/** Which requests are shown; null is all. */
export interface MetricsFilter {
  hostId: HostId | null;
  model: string | null;
}

/** Figures with the range and the filter that they are of. */
export interface ShownMetrics {
  metrics: Metrics;
  range: Range;
  filter: MetricsFilter;
}

/** Tasks that ask a model something. */
const ASKING: ReadonlySet<TaskKind> = new Set(["chat", "conversation", "title", "compact"]);
/** Answers that end together are read together, milliseconds. */
const SETTLE_MS = 800;
/** A range that ends now moves on. */
const REFRESH_MS = 60_000;
const NO_FILTER: MetricsFilter = { hostId: null, model: null };

/** What every request took. Read while somebody looks at it, and again when an answer ends. */
class MetricsState {
  range = $state<RangeName>("day");
  dates = $state.raw<Dates | null>(null);
  filter = $state.raw<MetricsFilter>(NO_FILTER);
  /** All requests of the range, for the list of what can be chosen. */
  all = $state.raw<Metrics | null>(null);
  shown = $state.raw<ShownMetrics | null>(null);
  loading = $state(false);
  error = $state.raw<ErrorInfo | null>(null);
  #watchers = 0;
  /** Number of the newest question: answers to older ones are not taken. */
  #asked = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #moving: ReturnType<typeof setInterval> | undefined;

  constructor() {
    onMessage(({ request_id, body }) => {
      if (this.#watchers === 0 || (body.type !== "complete" && body.type !== "error")) return;
      const kind = tasks.get(request_id)?.subject.kind;
      if (kind && ASKING.has(kind)) this.#settling ??= setTimeout(() => void this.read(), SETTLE_MS);
    });
  }

  /** Reads the figures and keeps them fresh until the function that it returns is called. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) {
      this.#moving = setInterval(() => void this.read(), REFRESH_MS);
      void this.read();
    }
    return () => {
      this.#watchers -= 1;
      if (this.#watchers > 0) return;
      clearInterval(this.#moving);
      clearTimeout(this.#settling);
      this.#settling = undefined;
    };
  }

  choose(range: Exclude<RangeName, "dates">): void {
    this.range = range;
    void this.read();
  }

  chooseDates(dates: Dates): void {
    this.range = "dates";
    this.dates = dates;
    void this.read();
  }

  show(part: Partial<MetricsFilter>): void {
    this.filter = { ...this.filter, ...part };
    void this.read();
  }

  clearFilter(): void {
    this.show(NO_FILTER);
  }

  async read(): Promise<void> {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    const mine = ++this.#asked;
    const { filter } = this;
    const range = rangeOf(this.range, this.dates, Date.now());
    const isFiltered = filter.hostId !== null || filter.model !== null;
    this.loading = true;
    try {
      const [all, metrics] = await Promise.all([
        isFiltered ? call("metrics_query", { ...queryOf(range, NO_FILTER), buckets: 1 }) : null,
        call("metrics_query", queryOf(range, filter)),
      ]);
      if (mine !== this.#asked) return;
      this.all = all ?? metrics;
      this.shown = { metrics, range, filter };
      this.error = null;
    } catch (thrown) {
      if (mine !== this.#asked) return;
      this.error = toErrorInfo(thrown);
    }
    this.loading = false;
  }

  /** Asks where to and writes each request that is shown as a line of CSV; null when nothing was chosen. */
  async export(title: string): Promise<string | null> {
    const range = rangeOf(this.range, this.dates, Date.now());
    const path = await chooseSavePath(title, `slipway-metrics-${dayWords(range.from)}-${dayWords(range.until - 1)}.csv`);
    if (path !== null) await call("metrics_export", { query: queryOf(range, this.filter), path });
    return path;
  }
}

function queryOf({ from, until, buckets }: Range, { hostId, model }: MetricsFilter): MetricsQuery {
  return { from, until, buckets, host_id: hostId, model };
}

/** The figures of all requests. */
export const metrics = new MetricsState();
