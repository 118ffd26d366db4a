import { render, screen } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { TaskInfo } from "../../ipc/bindings";
import StepList from "./StepList.svelte";

function run(part: Partial<TaskInfo>): TaskInfo {
  return {
    request_id: "d1",
    subject: { kind: "deploy", host_id: "a", session_id: null, message_id: null },
    state: "running",
    queued_at: 0,
    started_at: 0,
    ended_at: null,
    steps: [],
    prompt: null,
    outcome: null,
    ...part,
  };
}

const stateOf = (step: string): string | undefined => screen.getByTestId(`deploy-step-${step}`).dataset.state;

describe("StepList", () => {
  it("shows seven steps with their states, times and bytes", () => {
    render(StepList, {
      run: run({
        steps: [
          { step: "connect", state: "done", started_at: 0, elapsed_ms: 812, detail: null, activity: null },
          {
            step: "check",
            state: "running",
            started_at: Date.now(),
            elapsed_ms: null,
            detail: null,
            activity: { label: { en: "Reading", ru: "Читается" }, done_bytes: 5_000_000, total_bytes: 10_000_000 },
          },
        ],
      }),
    });
    expect(screen.getAllByRole("listitem")).toHaveLength(7);
    expect([stateOf("connect"), stateOf("check"), stateOf("upload")]).toEqual(["done", "running", "waiting"]);
    expect(screen.getByTestId("deploy-step-connect").textContent).toContain("0.81 s");
    const bar = screen.getByRole("progressbar", { name: "Reading" });
    expect(bar.getAttribute("aria-valuenow")).toBe("50");
    expect(bar.getAttribute("aria-valuetext")).toContain("5.0 MB of 10.0 MB");
  });

  it("does not leave a step running in a deploy that is over", () => {
    render(StepList, {
      run: run({
        state: "failed",
        ended_at: 1,
        steps: [{ step: "run", state: "running", started_at: 0, elapsed_ms: null, detail: null, activity: null }],
      }),
    });
    expect(stateOf("run")).toBe("failed");
  });
});
