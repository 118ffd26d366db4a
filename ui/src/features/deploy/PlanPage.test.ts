import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { DeployRequest, Finding, Fit, FitVerdict, PlannedDeploy } from "../../ipc/bindings";
import { attach } from "../../ipc/events";
import { TestBackend, emptySnapshot, errorInfo, finding, hostView, plannedDeploy } from "../../test-backend";
import { plans } from "../../state/plans.svelte";
import PlanPage from "./PlanPage.svelte";

let backend: TestBackend;
let asked = 0;
/** Each test has a host of its own: the stores outlive them. */
let host = "";

const GIB = 1024 ** 3;
const START = "deploy-start";
const button = (testid: string): HTMLButtonElement => screen.getByTestId(testid);
const answer = (data: PlannedDeploy): void => backend.say(`p${asked}`, { type: "complete", data: { type: "plan", data } });

async function open(findings?: Finding[], change: (planned: PlannedDeploy) => void = () => undefined): Promise<void> {
  const view = hostView(host);
  backend.snapshot = { ...emptySnapshot(), hosts: [view] };
  await attach();
  render(PlanPage, { view });
  await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(1));
  await vi.waitFor(() => expect(screen.getByTestId("preflight").getAttribute("aria-busy")).toBe("true"));
  const planned = plannedDeploy(host, findings);
  change(planned);
  answer(planned);
  await vi.waitFor(() => expect(screen.getByTestId("preflight").getAttribute("aria-busy")).toBe("false"));
}

async function deployed(): Promise<DeployRequest> {
  await fireEvent.click(button(START));
  await vi.waitFor(() => expect(backend.requests("deploy_start")).toHaveLength(1));
  return backend.requests("deploy_start")[0] as DeployRequest;
}

function fitOf(verdict: FitVerdict, total: number): Fit {
  const parts = { weights_bytes: total - 3 * GIB, kv_cache_bytes: 2 * GIB, compute_bytes: GIB, runtime_bytes: 0 };
  return {
    device: "gpu",
    free_bytes: 20 * GIB,
    total_bytes: 24 * GIB,
    context_train: 16_384,
    quantisation: "Q4_K_M",
    contexts: [
      { context_size: 8192, ...parts, total_bytes: total, verdict },
      { context_size: 16_384, ...parts, total_bytes: total + 4 * GIB, verdict: "too_big" },
    ],
  };
}

beforeEach(() => {
  backend = new TestBackend();
  host = `h${crypto.randomUUID().slice(0, 8)}`;
  backend.reply("deploy_plan", () => ({ request_id: `p${(asked += 1)}` }));
  backend.reply("deploy_start", () => ({ request_id: "d1" }));
  backend.reply("task_cancel", () => ({}));
});

describe("the report", () => {
  it("groups its lines and counts them, with what to do and a command to copy", async () => {
    await open([
      finding("python_missing", { severity: "error", fix: { en: "Install it.", ru: "Установите." }, command: "apt install python3" }),
      finding("linger_off", { severity: "warn" }),
      finding("system_ok"),
      finding("memory_ok"),
    ]);
    const report = screen.getByTestId("preflight").textContent ?? "";
    for (const words of ["1 to fix", "1 to know", "2 fine", "Must be fixed", "Good to know", "Install it.", "apt install python3"])
      expect(report).toContain(words);
    expect(button(START).disabled).toBe(true);
    expect(screen.getByTestId("deploy-blocked").textContent).toContain("Fix the red line");
  });

  it("lets a red line be overridden by its name, where that is allowed", async () => {
    await open([finding("model_too_big", { severity: "error", can_override: true }), finding("cpu_old", { severity: "error", can_override: true })]);
    await fireEvent.click(screen.getByRole("checkbox", { name: "Deploy anyway: cpu_old" }));
    expect(button(START).disabled).toBe(true);
    await fireEvent.click(screen.getByRole("checkbox", { name: "Load anyway: model_too_big" }));
    expect((await deployed()).overrides).toEqual(["cpu_old", "model_too_big"]);
    expect(backend.requests("deploy_plan")).toHaveLength(1);
  });

  it("offers other places where the disk is full, and asks again about the one that is taken", async () => {
    await open([finding("disk_full", { severity: "error" })], ({ report }) => {
      report.directories = [{ path: "/data/slipway", free_bytes: 402e9, total_bytes: null }];
    });
    await fireEvent.click(screen.getByText("Use /data/slipway, 402 GB free"));
    // What was red of the old place is not known of the new one.
    expect(button(START).disabled).toBe(false);
    await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(2));
    expect(backend.requests("deploy_plan")[1]).toMatchObject({ directory: "/data/slipway" });
    answer(plannedDeploy(host));
    await vi.waitFor(() => expect(screen.queryByText("Must be fixed")).toBeNull());
    await fireEvent.click(screen.getByTestId("plan-ask"));
    await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(3));
  });

  it("says why there is none, and asks again", async () => {
    const view = hostView(host);
    backend.snapshot = { ...emptySnapshot(), hosts: [view] };
    await attach();
    render(PlanPage, { view });
    await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(1));
    backend.say(`p${asked}`, { type: "error", data: errorInfo("host_unreachable") });
    await fireEvent.click(await screen.findByTestId("plan-retry"));
    await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(2));
  });
});

describe("the plan", () => {
  it("deploys the practice model in one click, even before the plan is there", async () => {
    const view = hostView(host);
    backend.snapshot = { ...emptySnapshot(), hosts: [view] };
    await attach();
    render(PlanPage, { view });
    await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(1));
    expect(await deployed()).toMatchObject({ model: { type: "practice" }, engine: { type: "auto" }, overrides: [], bring: null });
    await vi.waitFor(() => expect(backend.requests("task_cancel")).toContainEqual({ request_id: `p${asked}` }));
  });

  it("names the engine and why, and what would not work with its reason", async () => {
    await open();
    expect(screen.getByTestId("deploy-engine").textContent).toContain("llama.cpp 1");
    expect(screen.getByText("No graphics card: llama.cpp.")).toBeTruthy();
    plans.of(host).engine.kind = "vllm";
    expect(await screen.findByText(/not possible here: No NVIDIA card\./)).toBeTruthy();
  });

  it("wants what a source needs, and does not ask about half of it", async () => {
    await open();
    await fireEvent.click(screen.getByTestId("deploy-source-url"));
    expect(screen.getByTestId("deploy-blocked").textContent).toContain("Write the address");
    await fireEvent.input(screen.getByTestId("deploy-url"), { target: { value: "https://a.example/m.gguf" } });
    await vi.waitFor(() => expect(backend.requests("deploy_plan")).toHaveLength(2));
    expect(backend.requests("deploy_plan")[1]).toMatchObject({ model: { type: "url" } });
    expect(button(START).disabled).toBe(false);
  });

  it.each([
    ["fits", 18, "Fits, 2.0 GB left"],
    ["tight", 19.5, "Tight, 0.5 GB left"],
    ["too_big", 27, "Will not fit, 7.0 GB too much"],
  ] as const)("says with its numbers that a model %s", async (verdict, total, words) => {
    await open(undefined, ({ plan }) => {
      if (plan) plan.fit = fitOf(verdict, total * GIB);
    });
    const fit = screen.getByTestId("fit").textContent?.replaceAll("\u00a0", " ") ?? "";
    expect(fit.replace("512 MB", "0.5 GB")).toContain(words);
    expect(fit).toContain("With 16,384 tokens it would take");
    expect(screen.getByRole("img").getAttribute("aria-label")).toContain("Other processes 4.0 GB");
  });

  it("moves the context along the ticks of the fit", async () => {
    await open(undefined, ({ plan }) => {
      if (plan) plan.fit = fitOf("fits", 18 * GIB);
    });
    const slider = screen.getByTestId("context-slider");
    expect(slider.getAttribute("aria-valuetext")).toBe("8,192 tokens, fits");
    await fireEvent.input(slider, { target: { value: "1" } });
    expect(plans.of(host).contextSize).toBe(16_384);
    await vi.waitFor(() => expect(slider.getAttribute("aria-valuetext")).toBe("16,384 tokens, will not fit"));
  });

  it("lists what comes from this computer, and brings it without a question only when told so", async () => {
    await open(undefined, ({ plan }) => {
      if (plan) plan.brought = [{ what: "engine", bytes: 412e6, reason: { en: "No way out.", ru: "Нет выхода." } }];
    });
    expect(screen.getByTestId("brought").textContent).toContain("412 MB");
    await fireEvent.click(screen.getByTestId("deploy-bring"));
    expect((await deployed()).bring).toBe(true);
  });
});

describe("the model hub", () => {
  async function lookUp(repo: string): Promise<void> {
    backend.reply("hub_list", () => ({ request_id: "hub1" }));
    await open();
    await fireEvent.click(screen.getByTestId("deploy-source-hugging_face"));
    await fireEvent.input(screen.getByTestId("hub-repo"), { target: { value: repo } });
    await fireEvent.click(screen.getByTestId("hub-look-up"));
    await vi.waitFor(() => expect(backend.requests("hub_list")).toEqual([{ host_id: host, repo: "owner/name", revision: null }]));
  }

  it("lists the files of a repository with a mark each, and begins with one that fits", async () => {
    await lookUp("https://huggingface.co/owner/name");
    expect(screen.getByTestId("deploy-blocked").textContent).toContain("Look up the repository");
    const of = (quantisation: string, bytes: number) => ({ file: `name-${quantisation}.gguf`, quantisation, bytes, parts: 1 });
    const choices = [of("Q4_K_M", 4 * GIB), of("Q8_0", 8 * GIB), of("F16", 40 * GIB)];
    const data = { repo: "owner/name", commit: "c", gated: false, private: false, choices, from_here: false };
    backend.say("hub1", { type: "complete", data: { type: "hub", data } });
    const radios = (await screen.findAllByTestId("hub-choice")) as HTMLInputElement[];
    await vi.waitFor(() => expect(radios.map(({ checked }) => checked)).toEqual([true, false, false]));
    expect(radios.map((radio) => /fits|tight|will not fit/.exec(radio.closest("li")?.textContent ?? "")?.[0])).toEqual(["fits", "fits", "will not fit"]);
    await vi.waitFor(() => expect(screen.queryByTestId("deploy-blocked")).toBeNull());
    expect(plans.of(host).request(host).model).toEqual({
      type: "hugging_face",
      data: { repo: "owner/name", file: "name-Q4_K_M.gguf", revision: null },
    });
  });

  it("asks for a token where the repository is gated, keeps it and looks again", async () => {
    backend.reply("hub_token_set", () => ({}));
    await lookUp("owner/name");
    backend.say("hub1", { type: "error", data: errorInfo("model_gated") });
    await fireEvent.input(await screen.findByTestId("hub-token"), { target: { value: " hf_secret " } });
    await fireEvent.click(screen.getByTestId("hub-token-save"));
    await vi.waitFor(() => expect(backend.requests("hub_token_set")).toEqual([{ token: "hf_secret" }]));
    await vi.waitFor(() => expect(backend.requests("hub_list")).toHaveLength(2));
  });
});
