import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MetricsQuery } from "../../ipc/bindings";
import { attach } from "../../ipc/events";
import { metricsOf } from "../../ipc/mock/metrics";
import { TestBackend, emptySnapshot, errorInfo } from "../../test-backend";
import { axeFindings } from "../../test-axe";
import { app } from "../../state/app.svelte";
import { metrics } from "../../state/metrics.svelte";
import { settingsView } from "../../state/settings-view.svelte";
import { toasts } from "../../state/toasts.svelte";
import MetricsList from "./MetricsList.svelte";
import MetricsMain from "./MetricsMain.svelte";

const dialog = vi.hoisted(() => ({ chooseSavePath: vi.fn() }));
vi.mock("../../ipc/dialog", () => dialog);

// A page of six charts and its tables is looked through by role, and by axe-core: slow without a layout.
vi.setConfig({ testTimeout: 30_000 });

let backend: TestBackend;
let scenario: string;

beforeEach(async () => {
  // "Today" begins at midnight: in its first hours nothing was asked of some models yet.
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(2026, 10, 18, 15, 30) });
  scenario = "full";
  backend = new TestBackend();
  backend.snapshot = emptySnapshot();
  backend.reply("metrics_query", (query) => metricsOf(query, scenario, Date.now()));
  backend.reply("metrics_export", () => ({ sessions: 0, bytes: 1 }));
  await attach();
  metrics.range = "day";
  metrics.dates = null;
  metrics.filter = { hostId: null, model: null };
  metrics.all = null;
  metrics.shown = null;
  metrics.error = null;
});

afterEach(() => vi.useRealTimers());

const queries = (): MetricsQuery[] => backend.requests("metrics_query") as MetricsQuery[];

async function open(): Promise<void> {
  render(MetricsMain);
  await vi.waitFor(() => expect(metrics.loading).toBe(false));
}

describe("the page of Metrics", () => {
  it("shows six charts and the models", async () => {
    await open();
    expect(await screen.findAllByRole("slider", { hidden: true })).toHaveLength(6);
    expect(screen.getByTestId("metrics-models").textContent).toContain("gemma3:4b");
  });

  it("has no fault for screen readers", async () => {
    scenario = "metrics-one";
    await open();
    render(MetricsList);
    await fireEvent.click(await screen.findByTestId("metrics-errors-table"));
    expect(await axeFindings()).toEqual([]);
  });

  it("sorts the models when a head is pressed", async () => {
    await open();
    const first = (): string | undefined => screen.getByTestId("metrics-models").querySelectorAll("tbody th")[0]?.textContent?.trim();
    expect(first()).toContain("Qwen3");
    await fireEvent.click(await screen.findByTestId("metrics-sort-speed"));
    expect(first()).toContain("gpt-oss");
    expect(screen.getByTestId("metrics-sort-speed").closest("th")?.getAttribute("aria-sort")).toBe("descending");
  });

  it("moves one crosshair over the charts that are cut alike", async () => {
    await open();
    const [first, second] = await screen.findAllByRole("slider", { hidden: true });
    if (!first || !second) throw new Error("no charts");
    await fireEvent.keyDown(first, { key: "End" });
    const moment = (slider: HTMLElement): string | undefined => slider.getAttribute("aria-valuetext")?.split(": ")[0];
    expect(moment(second)).toBe(moment(first));
    expect(second.getAttribute("aria-valuenow")).toBe(first.getAttribute("aria-valuenow"));
  });

  it("asks for another range, and for days", async () => {
    await open();
    await fireEvent.click(screen.getByTestId("metrics-range-hour"));
    await vi.waitFor(() => expect(queries().at(-1)?.buckets).toBe(60));
    await fireEvent.click(screen.getByTestId("metrics-range-dates"));
    const day = await screen.findByTestId("metrics-first-day");
    await fireEvent.input(day, { target: { value: "2026-01-05" } });
    await fireEvent.change(day);
    await vi.waitFor(() => expect(queries().at(-1)?.from).toBe(new Date(2026, 0, 5).getTime()));
    await fireEvent.input(day, { target: { value: "" } });
    await fireEvent.change(day);
    expect(screen.getByRole("alert").textContent).toContain("2026-11-19");
  });

  it("narrows to a model and a server, and back", async () => {
    await open();
    render(MetricsList);
    await fireEvent.click(await screen.findByTestId("metrics-model-gemma3:4b"));
    await vi.waitFor(() => expect(queries().at(-1)).toMatchObject({ model: "gemma3:4b", host_id: null }));
    expect(await screen.findByRole("heading", { name: "gemma3:4b" })).toBeTruthy();
    expect(screen.getByTestId("metrics-model-gpt-oss-20b-mxfp4")).toBeTruthy();
    await fireEvent.click(screen.getByTestId("metrics-server-studio"));
    expect(await screen.findByText("No request in this range fits the choice")).toBeTruthy();
    await fireEvent.click(screen.getByTestId("metrics-clear"));
    await vi.waitFor(() => expect(queries().at(-1)).toMatchObject({ model: null, host_id: null }));
  });
});

describe("Metrics without figures", () => {
  it("says that nothing was asked yet", async () => {
    scenario = "metrics-none";
    await open();
    expect(await screen.findByText("No requests yet")).toBeTruthy();
    expect(screen.getByTestId("metrics-export")).toHaveProperty("disabled", true);
    expect(await axeFindings()).toEqual([]);
  });

  it("says that nothing was asked in this range, and shows all there is", async () => {
    scenario = "metrics-old";
    await open();
    await fireEvent.click(await screen.findByTestId("metrics-show-all"));
    expect(await screen.findAllByRole("slider", { hidden: true })).toHaveLength(6);
  });

  it("says why they cannot be read, keeps what it had, and tries again", async () => {
    await open();
    await screen.findAllByRole("slider", { hidden: true });
    backend.reply("metrics_query", () => {
      throw errorInfo("database_locked");
    });
    await fireEvent.click(screen.getByTestId("metrics-range-hour"));
    expect((await screen.findByRole("alert")).textContent).toContain("database_locked");
    expect(screen.getAllByRole("slider", { hidden: true })).toHaveLength(6);
    backend.reply("metrics_query", (query) => metricsOf(query, scenario, Date.now()));
    await fireEvent.click(screen.getByText("Retry"));
    await vi.waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });
});

describe("what happens while Metrics is open", () => {
  it("is read once when answers end together", async () => {
    await open();
    const before = queries().length;
    vi.useFakeTimers();
    const subject = { kind: "chat", host_id: "a", session_id: "s", message_id: "m" } as const;
    for (const id of ["r1", "r2"]) {
      backend.say(id, { type: "progress", data: { type: "started", data: subject } });
      backend.say(id, { type: "error", data: errorInfo("stream_broken") });
    }
    expect(queries()).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1000);
    expect(queries()).toHaveLength(before + 1);
  });

  it("never lets an older answer overtake a newer question", async () => {
    await open();
    let release: (() => void) | undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    backend.replies.set("metrics_query", (async (query: MetricsQuery) => {
      if (query.buckets === 60) await slow;
      return metricsOf(query, scenario, Date.now());
    }) as never);
    metrics.choose("hour");
    metrics.choose("week");
    await vi.waitFor(() => expect(metrics.shown?.range.buckets).toBe(84));
    release?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(metrics.shown?.range.buckets).toBe(84);
  });

  it("is saved as CSV where the person says, or nowhere", async () => {
    await open();
    dialog.chooseSavePath.mockResolvedValueOnce(null);
    await fireEvent.click(screen.getByTestId("metrics-export"));
    expect(backend.requests("metrics_export")).toEqual([]);
    dialog.chooseSavePath.mockResolvedValueOnce("/tmp/metrics.csv");
    await fireEvent.click(screen.getByTestId("metrics-export"));
    await vi.waitFor(() => expect(backend.requests("metrics_export")).toMatchObject([{ path: "/tmp/metrics.csv" }]));
    await vi.waitFor(() => expect(toasts.list.at(-1)?.words()).toContain("/tmp/metrics.csv"));
  });

  it("leads to the setting of how long figures are kept", async () => {
    await open();
    await fireEvent.click(screen.getByTestId("metrics-kept"));
    expect(app.section).toBe("settings");
    expect(settingsView.group).toBe("data");
  });
});
