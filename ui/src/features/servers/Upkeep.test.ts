import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeployedVersion, TaskKind, TaskResult, VersionList } from "../../ipc/bindings";
import { attach } from "../../ipc/events";
import { TestBackend, connection, deployment, emptySnapshot, errorInfo, hostView } from "../../test-backend";
import { app } from "../../state/app.svelte";
import { toasts } from "../../state/toasts.svelte";
import HostMain from "./HostMain.svelte";
import ServersInspector from "./ServersInspector.svelte";
import { serversView } from "./servers-view.svelte";

let backend: TestBackend;
/** Each test has a host of its own: the stores outlive them. */
let host = "";

function version(name: string, part: Partial<DeployedVersion> = {}): DeployedVersion {
  return {
    version: name,
    role: "old",
    running: false,
    usable: true,
    created_at: 0,
    engine: "llama.cpp 1",
    model: `model of ${name}`,
    context_size: 4096,
    model_bytes: 18.6e9,
    ...part,
  };
}

const LIST: VersionList = {
  versions: [
    version("v4", { role: "candidate" }),
    version("v3", { role: "current", running: true }),
    version("v2", { role: "previous" }),
    version("v1", { usable: false, engine: null, model: null }),
  ],
  total_bytes: 46.9e9,
  unused_bytes: 9.4e9,
  disk_free_bytes: 402e9,
  directory: "/home/me/.local/share/slipway",
};

function say(id: string, kind: TaskKind, result: TaskResult | null): void {
  const subject = { kind, host_id: host, session_id: null, message_id: null };
  backend.say(id, { type: "progress", data: { type: "started", data: subject } });
  if (result) backend.say(id, { type: "complete", data: result });
}

async function open(connected = true): Promise<void> {
  const known = deployment({ host_id: host });
  backend.snapshot = {
    ...emptySnapshot(),
    hosts: [hostView(host, { deployment: known })],
    connections: connected ? [connection({ host_id: host })] : [],
  };
  await attach();
  app.openHost(host);
  render(HostMain);
}

async function openListed(): Promise<void> {
  await open();
  await vi.waitFor(() => expect(backend.requests("versions_list")).toHaveLength(1));
  say("v1", "versions", { type: "versions", data: structuredClone(LIST) });
  await screen.findByTestId("version-v3");
}

beforeEach(() => {
  backend = new TestBackend();
  host = `h${crypto.randomUUID().slice(0, 8)}`;
  for (const [name, id] of Object.entries({ versions_list: "v1", rollback_start: "r1", clean_start: "c9", engine_log_start: "l1", engine_stop_start: "s1" }))
    backend.reply(name as "versions_list", () => ({ request_id: id }));
  backend.reply("task_cancel", () => ({}));
  backend.reply("host_list", () => backend.snapshot.hosts);
  backend.reply("connection_history", () => ({ spans: [], samples: [] }));
  serversView.dialog = null;
});

afterEach(() => {
  for (const note of toasts.list) toasts.dismiss(note.id);
});

describe("the versions of a host", () => {
  it("are asked for by themselves only where that needs no login", async () => {
    await open(false);
    expect(backend.requests("versions_list")).toEqual([]);
    await fireEvent.click(screen.getByTestId("versions-show"));
    await vi.waitFor(() => expect(backend.requests("versions_list")).toEqual([{ host_id: host }]));
  });

  it("say what each is, and offer to go back only to those that can be served", async () => {
    await openListed();
    expect(screen.getByTestId("version-v3").textContent).toContain("current, running");
    expect(screen.getByTestId("version-v1").textContent).toContain("old, incomplete");
    const rows = ["v4", "v3", "v2", "v1"].map((name) => screen.getByTestId(`version-${name}`).querySelector("button") !== null);
    expect(rows).toEqual([false, false, true, false]);
    expect(screen.getByTestId("versions").textContent).toContain("9.4 GB not used any more");
  });

  it("go back after a question, and are read again", async () => {
    await openListed();
    await fireEvent.click(screen.getByTestId("version-back"));
    const confirm = await screen.findByTestId("rollback-dialog-confirm");
    expect(screen.getByRole("dialog").textContent).toContain("model of v2");
    await vi.waitFor(() => expect(document.activeElement?.textContent?.trim()).toBe("Cancel"));
    await fireEvent.click(confirm);
    await vi.waitFor(() => expect(backend.requests("rollback_start")).toEqual([{ host_id: host, version: "v2" }]));
    say("r1", "rollback", null);
    await vi.waitFor(() => expect(screen.getByTestId("host-page").dataset.state).toBe("rolling_back"));
    expect(screen.getByTestId("versions").textContent).toContain("Going back");
    backend.say("r1", { type: "complete", data: { type: "rollback", data: { version: "v2", left: "v3", model: "m", total_ms: 2100 } } });
    await vi.waitFor(() => expect(backend.requests("versions_list")).toHaveLength(2));
    expect(backend.requests("host_list")).toHaveLength(1);
    expect(toasts.list.at(-1)?.words()).toContain("serves m again");
  });

  it("say why going back did not work", async () => {
    await openListed();
    say("r1", "rollback", null);
    backend.say("r1", { type: "error", data: errorInfo("version_unusable") });
    expect((await screen.findByTestId("versions")).textContent).toContain("What happened: version_unusable");
  });

  it("are cleaned up only after the list of what goes", async () => {
    await openListed();
    await fireEvent.click(screen.getByTestId("versions-clean"));
    const confirm = (await screen.findByTestId("clean-confirm")) as HTMLButtonElement;
    await vi.waitFor(() => expect(backend.requests("clean_start")).toEqual([{ host_id: host, dry_run: true }]));
    expect(confirm.disabled).toBe(true);
    const data = { removed: [{ path: "/srv/slipway/models/old.gguf", bytes: 9.4e9 }], removed_bytes: 9.4e9, dry_run: true };
    say("c9", "clean", { type: "clean", data });
    await vi.waitFor(() => expect(screen.getByTestId("clean-dialog").textContent).toContain("/srv/slipway/models/old.gguf"));
    await fireEvent.click(confirm);
    await vi.waitFor(() => expect(backend.requests("clean_start")).toContainEqual({ host_id: host, dry_run: false }));
    say("c8", "clean", { type: "clean", data: { ...data, dry_run: false } });
    await vi.waitFor(() => expect(backend.requests("versions_list")).toHaveLength(2));
  });
});

describe("the inspector", () => {
  it("goes back to the previous version and stops the engine, both after a question", async () => {
    await openListed();
    render(ServersInspector);
    await fireEvent.click(screen.getByTestId("inspector-rollback"));
    expect(serversView.dialog).toMatchObject({ kind: "rollback", hostId: host, version: { version: "v2" } });
    await fireEvent.click(screen.getByTestId("inspector-stop"));
    await fireEvent.click(await screen.findByTestId("stop-dialog-confirm"));
    await vi.waitFor(() => expect(backend.requests("engine_stop_start")).toEqual([{ host_id: host }]));
  });
});

describe("the engine's log", () => {
  const lines = (): string => screen.getByTestId("engine-log").textContent ?? "";

  it("is followed while it is open, and only the engine's own lines", async () => {
    await open();
    expect(backend.requests("engine_log_start")).toEqual([]);
    await fireEvent.click(screen.getByTestId("engine-log-toggle"));
    await vi.waitFor(() => expect(backend.requests("engine_log_start")).toEqual([{ host_id: host, lines: 500, follow: true }]));
    say("l1", "engine_log", null);
    for (const target of ["engine", "ssh", "engine"])
      backend.say("l1", { type: "log", data: { level: "info", target, text: `a line of ${target}`, host_id: host } });
    await vi.waitFor(() => expect(lines()).toContain("2 lines"));
    await fireEvent.click(screen.getByTestId("engine-log-toggle"));
    await vi.waitFor(() => expect(backend.requests("task_cancel")).toEqual([{ request_id: "l1" }]));
  });

  it("says why it ended, and begins again when asked", async () => {
    await open();
    await fireEvent.click(screen.getByTestId("engine-log-toggle"));
    await vi.waitFor(() => expect(backend.requests("engine_log_start")).toHaveLength(1));
    say("l1", "engine_log", null);
    await vi.waitFor(() => expect(lines()).not.toContain("Asking the host"));
    backend.say("l1", { type: "error", data: errorInfo("connection_lost") });
    await vi.waitFor(() => expect(lines()).toContain("What happened: connection_lost"));
    await fireEvent.click(screen.getByTestId("engine-log-again"));
    await vi.waitFor(() => expect(backend.requests("engine_log_start")).toHaveLength(2));
  });
});
