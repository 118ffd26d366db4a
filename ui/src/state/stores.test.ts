import { blankSession } from "../ipc/blank";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { attach } from "../ipc/events";
import type { ConnectionStatus, StepProgress, TaskSubject } from "../ipc/bindings";
import { TestBackend, connection, deployment, emptySnapshot, errorInfo, hostView } from "../test-backend";
import { conditionOf } from "./condition";
import { connections } from "./connections.svelte";
import { hosts } from "./hosts.svelte";
import { plans } from "./plans.svelte";
import { prompts } from "./prompts.svelte";
import { isOver, tasks } from "./tasks.svelte";

let backend: TestBackend;

const DEPLOYMENT = deployment({ context_size: 4096, first_token_ms: 10, tokens_per_second: 5 });

function subject(kind: TaskSubject["kind"], hostId = "a"): TaskSubject {
  return { kind, host_id: hostId, session_id: null, message_id: null };
}

function start(id: string, kind: TaskSubject["kind"]): void {
  backend.say(id, { type: "progress", data: { type: "started", data: subject(kind) } });
}

function step(id: string, part: Partial<StepProgress>, timestamp?: number): void {
  const data = { step: "run" as const, state: "running" as const, started_at: 0, elapsed_ms: null, detail: null, activity: null };
  backend.say(id, { type: "progress", data: { type: "step", data: { ...data, ...part } } }, timestamp);
}

function connected(part: Partial<ConnectionStatus>): void {
  const data = connection(part);
  backend.say(data.request_id, { type: "progress", data: { type: "connection", data } });
}

function condition() {
  const view = hosts.get("a");
  if (!view) throw new Error("host a is gone");
  return conditionOf(view);
}

beforeEach(async () => {
  backend = new TestBackend();
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a"), hostView("b")] };
  await attach();
});

describe("tasks", () => {
  it("follows a deploy from its first message to its last", () => {
    start("d1", "deploy");
    expect(tasks.latest("a", "deploy")?.state).toBe("running");
    step("d1", { step: "connect", state: "running" });
    step("d1", { step: "connect", state: "done", elapsed_ms: 5 });
    step("d1", { step: "check" });
    expect(tasks.get("d1")?.steps.map(({ step: name, state }) => [name, state])).toEqual([
      ["connect", "done"],
      ["check", "running"],
    ]);
    backend.say("d1", { type: "error", data: errorInfo("host_disk_full") });
    const ended = tasks.get("d1");
    expect(ended && isOver(ended)).toBe(true);
    expect(ended?.outcome?.type).toBe("error");
  });

  it("keeps a task whose first message came before the command's answer", async () => {
    backend.reply("host_diagnose", () => ({ request_id: "k1" }));
    start("k1", "diagnose");
    backend.say("k1", { type: "error", data: errorInfo("cancelled") });
    await tasks.diagnose("a");
    expect(tasks.get("k1")?.state).toBe("failed");
  });

  it("measures the pace of a download and forgets it with the next activity", () => {
    start("d1", "deploy");
    const activity = (label: string, done: number) => ({ label: { en: label, ru: label }, done_bytes: done, total_bytes: 10_000 });
    step("d1", { activity: activity("model", 0) }, 0);
    step("d1", { activity: activity("model", 2000) }, 1000);
    expect(tasks.paces.get("d1")).toEqual({ rate: 2000, left: 4000 });
    step("d1", { activity: activity("engine", 10) }, 1100);
    expect(tasks.paces.get("d1")).toBeUndefined();
  });

  it("does not count a connection that is up as work", () => {
    start("c1", "connect");
    start("d1", "deploy");
    expect(tasks.working.map(({ request_id }) => request_id)).toEqual(["d1"]);
  });

  it("counts nothing that is told to all windows as a task", () => {
    backend.say("", { type: "progress", data: { type: "session_changed", data: blankSession("s") } });
    expect(tasks.get("")).toBeUndefined();
  });
});

describe("hosts", () => {
  it("takes the deployment from the result and clears the last error", () => {
    start("d1", "deploy");
    backend.say("d1", { type: "error", data: errorInfo("host_disk_full") });
    expect(hosts.get("a")?.last_error?.code).toBe("host_disk_full");
    backend.reply("connect_start", () => ({ request_id: "c1" }));
    start("d2", "deploy");
    const result = { deployment: DEPLOYMENT, steps: [], total_ms: 1, changed: true, sample: "" };
    backend.say("d2", { type: "complete", data: { type: "deploy", data: result } });
    expect(hosts.get("a")).toMatchObject({ deployment: { model: "m" }, last_error: null });
  });

  it("does not call a cancelled deploy an error", () => {
    start("d1", "deploy");
    backend.say("d1", { type: "error", data: errorInfo("cancelled") });
    expect(hosts.get("a")?.last_error).toBeNull();
  });

  it("forgets the deployment after an uninstall", async () => {
    backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a", { deployment: DEPLOYMENT })] };
    await attach();
    start("u1", "uninstall");
    backend.say("u1", { type: "complete", data: { type: "uninstall", data: { removed_bytes: 1 } } });
    expect(hosts.get("a")?.deployment).toBeNull();
  });
});

describe("connections", () => {
  it("ends with its task, with the reason", () => {
    connected({});
    expect(connections.usable).toHaveLength(1);
    backend.say("c1", { type: "error", data: errorInfo("connection_lost") });
    expect(connections.get("a")).toMatchObject({ state: "disconnected", reason: { code: "connection_lost" } });
    expect(condition()).toMatchObject({ kind: "failed", failed: "connect" });
  });

  it("keeps saying that it needs the person when its task is over", () => {
    connected({ state: "needs_attention", reason: errorInfo("host_key_changed") });
    backend.say("c1", { type: "error", data: errorInfo("host_key_changed") });
    expect(connections.get("a")?.state).toBe("needs_attention");
    expect(condition()).toMatchObject({ kind: "attention", dot: "error", failed: "connect" });
    connected({ state: "waiting_for_user", reason: null });
    expect(condition()).toMatchObject({ kind: "waiting", dot: "wait", word: "Waits for you" });
  });

  it("ends without a reason when the person ended it", () => {
    connected({});
    backend.say("c1", { type: "error", data: errorInfo("cancelled") });
    expect(connections.get("a")).toMatchObject({ state: "disconnected", reason: null });
  });
});

describe("the condition of a host", () => {
  it("goes from nothing over deploying and connecting to connected", () => {
    expect(condition().kind).toBe("empty");
    start("d1", "deploy");
    step("d1", { step: "upload" });
    expect(condition()).toMatchObject({ kind: "deploying", detail: "step 4 of 7" });
    backend.reply("connect_start", () => ({ request_id: "c1" }));
    const result = { deployment: DEPLOYMENT, steps: [], total_ms: 1, changed: true, sample: "" };
    backend.say("d1", { type: "complete", data: { type: "deploy", data: result } });
    connected({ state: "connecting", round_trip_ms: null });
    expect(condition().kind).toBe("connecting");
    connected({});
    expect(condition()).toMatchObject({ kind: "connected", detail: "12 ms", dot: "ok" });
    connected({ state: "reconnecting", attempt: 2, reason: errorInfo("connection_lost") });
    expect(condition()).toMatchObject({ kind: "reconnecting", detail: "attempt 2", reason: { code: "connection_lost" } });
  });

  it("says what failed last", () => {
    start("d1", "deploy");
    backend.say("d1", { type: "error", data: errorInfo("host_disk_full") });
    expect(condition()).toMatchObject({ kind: "failed", failed: "deploy", reason: { code: "host_disk_full" } });
  });
});

describe("plans", () => {
  it("connects by itself when a deploy is done", async () => {
    backend.reply("connect_start", () => ({ request_id: "c9" }));
    start("d1", "deploy");
    const result = { deployment: DEPLOYMENT, steps: [], total_ms: 1, changed: true, sample: "" };
    backend.say("d1", { type: "complete", data: { type: "deploy", data: result } });
    expect(plans.connecting("a")).toBe(true);
    await vi.waitFor(() => expect(backend.requests("connect_start")).toEqual([{ host_id: "a" }]));
    connected({ request_id: "c9", state: "authenticating" });
    expect(plans.connecting("a")).toBe(true);
    connected({ request_id: "c9", state: "loading" });
    expect(plans.connecting("a")).toBe(true);
    connected({ request_id: "c9" });
    await vi.waitFor(() => expect(plans.connecting("a")).toBe(false));
  });

  it("leaves a connection alone that is there already", () => {
    connected({});
    start("d1", "deploy");
    const result = { deployment: DEPLOYMENT, steps: [], total_ms: 1, changed: false, sample: "" };
    backend.say("d1", { type: "complete", data: { type: "deploy", data: result } });
    expect(backend.requests("connect_start")).toEqual([]);
  });

  it("shows the deploy it started, and the plan again when asked", async () => {
    backend.reply("deploy_start", () => ({ request_id: "d5" }));
    await plans.start("b");
    expect(backend.requests("deploy_start")).toMatchObject([{ host_id: "b", model: { type: "practice" } }]);
    expect(plans.shown("b")).toBe("d5");
    backend.say("d5", { type: "error", data: errorInfo("cancelled") });
    expect(plans.shown("b")).toBe("d5");
    plans.edit("b");
    expect(plans.shown("b")).toBeNull();
  });
});

describe("prompts", () => {
  const question = { type: "password" as const, data: { user: "me", address: "a.lan", attempt: 1 } };
  const prompt = (id: string) => ({ prompt_id: id, host_id: "a", expires_at: Date.now() + 60_000, question });

  it("opens, answers and closes a question", async () => {
    backend.reply("prompt_answer", () => ({}));
    start("c1", "connect");
    backend.say("c1", { type: "prompt", data: prompt("p1") });
    expect(prompts.first?.prompt.prompt_id).toBe("p1");
    await prompts.answer("p1", { type: "secret", data: { value: "x", remember: false } });
    expect(prompts.first).toBeUndefined();
    expect(backend.requests("prompt_answer")).toEqual([
      { prompt_id: "p1", reply: { type: "secret", data: { value: "x", remember: false } } },
    ]);
  });

  it("brings the question back when the answer did not get through", async () => {
    backend.reply("prompt_answer", () => {
      throw errorInfo("internal");
    });
    backend.say("c1", { type: "prompt", data: prompt("p1") });
    await expect(prompts.answer("p1", { type: "accept" })).rejects.toMatchObject({ info: { code: "internal" } });
    expect(prompts.first?.prompt.prompt_id).toBe("p1");
  });

  it("closes questions of a task that is over, and those that timed out", () => {
    backend.say("c1", { type: "prompt", data: prompt("p1") });
    backend.say("c2", { type: "prompt", data: prompt("p2") });
    backend.say("c1", { type: "error", data: errorInfo("cancelled") });
    expect(prompts.list.map((open) => open.prompt.prompt_id)).toEqual(["p2"]);
    backend.say("c2", { type: "progress", data: { type: "prompt_closed", data: { prompt_id: "p2" } } });
    expect(prompts.list).toEqual([]);
  });

  it("warns of a changed host key", () => {
    start("c1", "connect");
    backend.say("c1", { type: "error", data: errorInfo("host_key_changed") });
    expect(prompts.changedKey).toMatchObject({ hostId: "a", error: { code: "host_key_changed" } });
  });
});
