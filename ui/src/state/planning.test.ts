import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeployRequest, PlannedDeploy, TaskResult } from "../ipc/bindings";
import { attach } from "../ipc/events";
import { TestBackend, emptySnapshot, errorInfo, hostView, plannedDeploy } from "../test-backend";
import { Plan } from "./plan.svelte";
import { planKey, planning, REST_MS } from "./planning.svelte";
import { tasks } from "./tasks.svelte";

let backend: TestBackend;
let asked = 0;
/** Each test has a host of its own: the store outlives them. */
let host = "";

function request(contextSize: number | null = null) {
  const plan = new Plan(null);
  plan.contextSize = contextSize;
  return plan.request(host);
}

function answer(id: string, part: Partial<PlannedDeploy> = {}): void {
  const result: TaskResult = { type: "plan", data: { ...plannedDeploy(host), ...part } };
  backend.say(id, { type: "complete", data: result });
}

const last = (): string => `p${asked}`;
const contexts = (): (number | null)[] =>
  (backend.requests("deploy_plan") as DeployRequest[]).filter(({ host_id }) => host_id === host).map(({ context_size }) => context_size);

beforeEach(async () => {
  vi.useFakeTimers();
  backend = new TestBackend();
  host = crypto.randomUUID();
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView(host)] };
  backend.reply("deploy_plan", () => ({ request_id: `p${(asked += 1)}` }));
  backend.reply("task_cancel", () => ({}));
  await attach();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets the promises of commands settle. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe("a plan that is asked for", () => {
  it("is there when its task is over", async () => {
    planning.ask(request());
    expect(planning.get(host).pending).toBe(true);
    await settle();
    answer(last());
    expect(planning.get(host)).toMatchObject({ pending: false, error: null, key: planKey(request()) });
    expect(planning.get(host).answer?.plan?.engine_label).toBe("llama.cpp 1");
  });

  it("is asked for once the request rests, and only if it is another one", async () => {
    planning.ask(request());
    await settle();
    answer(last());
    planning.follow(request(4096));
    await vi.advanceTimersByTimeAsync(REST_MS - 1);
    planning.follow(request(8192));
    await vi.advanceTimersByTimeAsync(REST_MS - 1);
    expect(contexts()).toEqual([null]);
    expect(planning.get(host)).toMatchObject({ pending: true, answer: { plan: { engine_label: "llama.cpp 1" } } });
    await vi.advanceTimersByTimeAsync(1);
    expect(contexts()).toEqual([null, 8192]);
    answer(last());
    planning.follow(request(8192));
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(contexts()).toEqual([null, 8192]);
    expect(planning.get(host).pending).toBe(false);
  });

  it("is one at a time: the outdated one is cancelled, and its end lets the next one begin", async () => {
    planning.ask(request());
    await settle();
    const first = last();
    planning.ask(request(4096));
    planning.ask(request(8192));
    await settle();
    expect(contexts()).toEqual([null]);
    expect(backend.requests("task_cancel")).toContainEqual({ request_id: first });
    backend.say(first, { type: "error", data: errorInfo("cancelled") });
    await settle();
    expect(contexts()).toEqual([null, 8192]);
    expect(planning.get(host).error).toBeNull();
    answer(last());
    expect(planning.get(host).key).toBe(planKey(request(8192)));
  });

  it("cancels one that was outdated before its command had answered", async () => {
    planning.ask(request());
    planning.ask(request(4096));
    await settle();
    expect(backend.requests("task_cancel")).toEqual([{ request_id: last() }]);
  });

  it("keeps the last answer when the next one fails, and says why", async () => {
    planning.ask(request());
    await settle();
    answer(last());
    planning.ask(request(4096));
    await settle();
    backend.say(last(), { type: "error", data: errorInfo("host_unreachable") });
    expect(planning.get(host)).toMatchObject({ pending: false, error: { code: "host_unreachable" } });
    expect(planning.get(host).answer).not.toBeNull();
  });

  it("says why the command was refused", async () => {
    backend.reply("deploy_plan", () => {
      throw errorInfo("queue_full");
    });
    planning.ask(request());
    await settle();
    expect(planning.get(host)).toMatchObject({ pending: false, error: { code: "queue_full" } });
  });

  it("is given up when nobody waits for it, without an error", async () => {
    planning.ask(request());
    await settle();
    planning.leave(host);
    await settle();
    expect(backend.requests("task_cancel")).toEqual([{ request_id: last() }]);
    backend.say(last(), { type: "error", data: errorInfo("cancelled") });
    expect(planning.get(host)).toMatchObject({ pending: false, error: null });
    planning.follow(request());
    expect(planning.get(host).pending).toBe(true);
  });

  it("takes an answer that came before the command's own", async () => {
    backend.reply("deploy_plan", (asking) => {
      asked += 1;
      const subject = { kind: "plan" as const, host_id: asking.host_id, session_id: null, message_id: null };
      backend.say(last(), { type: "progress", data: { type: "started", data: subject } });
      answer(last());
      return { request_id: last() };
    });
    planning.ask(request());
    await settle();
    expect(planning.get(host)).toMatchObject({ pending: false, answer: { plan: { engine_label: "llama.cpp 1" } } });
  });

  it("is asked for again when the program has forgotten it", async () => {
    planning.ask(request());
    await settle();
    expect(tasks.get(last())).toBeDefined();
    await attach();
    await settle();
    expect(contexts()).toEqual([null, null]);
  });
});

describe("what a plan depends on", () => {
  it("leaves out what only permits", () => {
    const plan = new Plan(null);
    const before = planKey(plan.request(host));
    plan.override("model_too_big", true);
    plan.bring = true;
    expect(planKey(plan.request(host))).toBe(before);
    plan.parallel = 2;
    expect(planKey(plan.request(host))).not.toBe(before);
  });
});
