import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ErrorInfo, TaskOutcome } from "../../ipc/bindings";
import { attach } from "../../ipc/events";
import { TestBackend, deployment, emptySnapshot, errorInfo, finding, hostView } from "../../test-backend";
import { plans } from "../../state/plans.svelte";
import { tasks } from "../../state/tasks.svelte";
import RunPage from "./RunPage.svelte";

let backend: TestBackend;
/** Each test has a host of its own: the stores outlive them. */
let host = "";

async function ended(outcome: TaskOutcome): Promise<void> {
  const view = hostView(host);
  backend.snapshot = { ...emptySnapshot(), hosts: [view] };
  await attach();
  plans.of(host).contextSize = 4096;
  await plans.start(host);
  backend.say("d1", outcome);
  const run = tasks.get("d1");
  if (!run) throw new Error("the deploy is gone");
  render(RunPage, { view, run });
}

beforeEach(() => {
  backend = new TestBackend();
  host = `h${crypto.randomUUID().slice(0, 8)}`;
  backend.reply("deploy_start", () => ({ request_id: "d1" }));
  backend.reply("connect_start", () => ({ request_id: "c1" }));
});

describe("a deploy that worked", () => {
  it("says which version runs on what, how fast it reads, where it listens and who keeps it", async () => {
    const known = deployment({ host_id: host, version: "v7", prompt_tokens_per_second: 1240 });
    const data = { deployment: known, steps: [], total_ms: 4200, changed: true, sample: "Calm" };
    await ended({ type: "complete", data: { type: "deploy", data } });
    const facts = screen.getByTestId("deploy-facts").textContent ?? "";
    for (const words of ["v7", "GPU", "1,240 tok/s", "unix socket", "systemd"]) expect(facts).toContain(words);
  });
});

describe("a deploy that its check stopped", () => {
  it("lists what stopped it, and goes on with what was asked when that is allowed", async () => {
    const error: ErrorInfo = {
      ...errorInfo("host_disk_full"),
      facts: {
        type: "preflight",
        data: [finding("disk_full", { severity: "error" }), finding("model_too_big", { severity: "error", can_override: true })],
      },
    };
    await ended({ type: "error", data: error });
    expect(screen.getByTestId("finding-disk_full").querySelector("input")).toBeNull();
    await fireEvent.click(screen.getByRole("checkbox", { name: "Load anyway: model_too_big" }));
    await fireEvent.click(screen.getByTestId("deploy-retry"));
    await vi.waitFor(() => expect(backend.requests("deploy_start")).toHaveLength(2));
    expect(backend.requests("deploy_start")[1]).toMatchObject({ context_size: 4096, overrides: ["model_too_big"] });
  });
});
