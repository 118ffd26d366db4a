import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionHistory, ConnectionStatus, ErrorInfo, LinkFinding } from "../../ipc/bindings";
import { attach } from "../../ipc/events";
import { TestBackend, deployment, emptySnapshot, errorInfo, hostView } from "../../test-backend";
import { app } from "../../state/app.svelte";
import { diagnoses } from "../../state/diagnoses.svelte";
import { histories } from "../../state/histories.svelte";
import HostMain from "./HostMain.svelte";

const DEPLOYMENT = deployment();

let backend: TestBackend;
let history: ConnectionHistory;

function status(part: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    host_id: "a",
    request_id: "c1",
    state: "connected",
    reason: null,
    local_url: "http://127.0.0.1:18080",
    model: "m",
    context_size: null,
    models: [],
    since: Date.now() - 120_000,
    round_trip_ms: 12,
    reconnects: 3,
    attempt: null,
    next_attempt_at: null,
    open_streams: 1,
    bytes_down: 2_000_000,
    bytes_up: 1000,
    gauges: null,
    last_error: null,
    last_error_at: null,
    ...part,
  };
}

async function open(part: Partial<ConnectionStatus> | null = {}): Promise<void> {
  const connections = part === null ? [] : [status(part)];
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a", { deployment: DEPLOYMENT })], connections };
  await attach();
  app.openHost("a");
  render(HostMain);
}

function say(part: Partial<ConnectionStatus>): void {
  backend.say("c1", { type: "progress", data: { type: "connection", data: status(part) } });
}

beforeEach(() => {
  backend = new TestBackend();
  history = { spans: [], samples: [] };
  histories.byHost.clear();
  diagnoses.byHost.clear();
  backend.reply("connection_history", () => history);
  backend.reply("connect_start", () => ({ request_id: "c2" }));
  app.deployHostId = null;
});

describe("the page of a connection", () => {
  it("shows state, local address and figures, with the rates of the samples", async () => {
    const at = Date.now();
    const sample = { round_trip_ms: 10, open_streams: 1, bytes_up: 0 };
    history.samples = [
      { ...sample, at: at - 10_000, bytes_down: 1_000_000 },
      { ...sample, at, bytes_down: 2_000_000 },
    ];
    await open();
    expect(screen.getByTestId("host-state").textContent).toBe("Connected");
    expect(screen.getByTestId("host-local-url").textContent).toBe("http://127.0.0.1:18080");
    await vi.waitFor(() => expect(screen.getByRole("region", { name: "Figures" }).textContent).toContain("100 KB/s now"));
    expect(screen.getByRole("region", { name: "Figures" }).textContent).toContain("Reconnects 3");
  });

  it("counts down to the next try, and tries now when asked", async () => {
    await open({ state: "reconnecting", attempt: 4, next_attempt_at: Date.now() + 30_500, reason: errorInfo("connection_lost") });
    expect(screen.getByTestId("host-next-try").textContent).toBe("attempt 4, next try in 30 s");
    await fireEvent.click(screen.getByTestId("host-try-now"));
    await vi.waitFor(() => expect(backend.requests("connect_start")).toEqual([{ host_id: "a" }]));
  });

  it("says what has to be done where it does not heal by itself, with every login that was tried", async () => {
    const reason: ErrorInfo = {
      ...errorInfo("authentication_refused"),
      facts: { type: "login", data: [{ what: "key ~/.ssh/id_ed25519", why: "not accepted" }] },
    };
    await open({ state: "connecting" });
    say({ state: "needs_attention", reason });
    await vi.waitFor(() => expect(screen.getByTestId("host-state").textContent).toBe("Needs attention"));
    // The task that held it ends after that and does not take it back.
    backend.say("c1", { type: "error", data: reason });
    const tried = screen.getByRole("list", { name: "What was tried to log in" });
    expect(tried.textContent).toMatch(/key ~\/.ssh\/id_ed25519\s+not accepted/);
    expect(screen.getByTestId("server-primary").textContent?.trim()).toBe("Retry");
  });

  it("keeps the tunnel for the next start when the switch is on", async () => {
    backend.reply("host_keep", ({ keep }) => ({ ...hostView("a").host, keep }));
    await open();
    await fireEvent.click(screen.getByRole("switch", { name: "Start with Slipway" }));
    await vi.waitFor(() => expect(screen.getByRole("switch").getAttribute("aria-checked")).toBe("true"));
    expect(backend.requests("host_keep")).toEqual([{ host_id: "a", keep: true }]);
  });
});

describe("the timeline", () => {
  it("has one stop for Tab, goes along with the arrows, and is a table too", async () => {
    const now = Date.now();
    const lost = { state: "reconnecting" as const, from: now - 1_200_000, until: now - 600_000, reason: errorInfo("connection_lost") };
    history.spans = [
      { state: "connected", from: now - 7_200_000, until: now - 1_200_000, reason: null },
      lost,
      { state: "connected", from: now - 600_000, until: null, reason: null },
    ];
    await open();
    const bar = await screen.findByRole("group", { name: /States of the connection/ });
    await vi.waitFor(() => expect(bar.querySelectorAll("button")).toHaveLength(3));
    expect(bar.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
    (bar.lastElementChild as HTMLElement).focus();
    await fireEvent.keyDown(bar, { key: "ArrowLeft" });
    expect(document.activeElement?.getAttribute("aria-label")).toMatch(/^Reconnecting, .* 10 min\. What happened: connection_lost$/);
    expect(screen.getAllByRole("row", { hidden: true })).toHaveLength(4);
  });

  it("says so when there was nothing", async () => {
    await open(null);
    await vi.waitFor(() => expect(screen.getByTestId("host-timeline").textContent).toContain("Not connected in the last hour"));
  });

  it("is read again at once when the state changes", async () => {
    await open();
    const read = (): number => backend.requests("connection_history").length;
    await vi.waitFor(() => expect(read()).toBe(1));
    say({ state: "degraded", since: 5 });
    say({ state: "degraded", since: 5, bytes_down: 9 });
    await vi.waitFor(() => expect(read()).toBe(2));
  });
});

describe("a diagnosis", () => {
  function found(link: LinkFinding["link"], fault: ErrorInfo | null = null): void {
    const data = { link, state: fault ? ("broken" as const) : ("ok" as const), message: { en: `${link} looked at`, ru: "" }, fault, took_ms: 12 };
    backend.say("g1", { type: "progress", data: { type: "link", data } });
  }

  it("fills in link by link and explains the one that is broken", async () => {
    backend.reply("host_diagnose", () => ({ request_id: "g1" }));
    await open(null);
    await fireEvent.click(screen.getByTestId("host-diagnose"));
    await screen.findByTestId("diagnosis");
    found("network");
    await vi.waitFor(() => expect(screen.getByTestId("diagnosis-network").dataset.state).toBe("ok"));
    expect(screen.getByTestId("diagnosis-name").dataset.state).toBe("looking");
    expect(screen.getByTestId("diagnosis-network").textContent).toContain("12 ms");
    const changed = { expected: "SHA256:old", actual: "SHA256:new", file: "~/.ssh/known_hosts", line: 7, command: "ssh-keygen -R a" };
    const fault: ErrorInfo = { ...errorInfo("host_key_changed"), facts: { type: "host_key_changed", data: changed } };
    found("ssh", fault);
    backend.say("g1", { type: "error", data: errorInfo("internal") });
    await vi.waitFor(() => expect(screen.getByTestId("diagnosis-headline").textContent).toBe("What happened: host_key_changed"));
    for (const words of ["SHA256:old", "SHA256:new", "~/.ssh/known_hosts, line 7", "ssh-keygen -R a", "Do this."])
      expect(screen.getByTestId("diagnosis-ssh").textContent).toContain(words);
    expect(screen.getByTestId("diagnosis-again")).toBeTruthy();
  });
});
