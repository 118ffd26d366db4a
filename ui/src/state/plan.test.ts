import { beforeEach, describe, expect, it } from "vitest";
import { attach } from "../ipc/events";
import { TestBackend, deployment, emptySnapshot, hostView } from "../test-backend";
import { EngineDraft } from "./engine-draft.svelte";
import { LOCAL } from "./hosts.svelte";
import { ModelDraft, readRepo } from "./model-draft.svelte";
import { firstPlan, Plan } from "./plan.svelte";

const SHA = "A".repeat(64);

beforeEach(async () => {
  new TestBackend().snapshot = { ...emptySnapshot(), hosts: [hostView("a")] };
  await attach();
});

describe("a model that is chosen", () => {
  it.each([
    [{ source: "practice" }, null],
    [{ source: "host_path", hostPath: " " }, "path_missing"],
    [{ source: "local_file" }, "file_missing"],
    [{ source: "url" }, "url_missing"],
    [{ source: "url", url: "ftp://a/b" }, "url_invalid"],
    [{ source: "url", url: "https://a/b", sha256: "12" }, "sha256_invalid"],
    [{ source: "url", url: "https://a/b", sha256: SHA }, null],
    [{ source: "hugging_face" }, "repo_missing"],
    [{ source: "hugging_face", repo: "name" }, "repo_invalid"],
    [{ source: "hugging_face", repo: "owner/name" }, "repo_unlisted"],
    [{ source: "hugging_face", repo: "owner/name", fileOf: "owner/name" }, null],
    [{ source: "hugging_face", repo: "owner/other", fileOf: "owner/name", file: "a.gguf" }, "repo_unlisted"],
    [{ source: "ollama", ollama: " " }, "ollama_missing"],
    [{ source: "ollama", ollama: "qwen3:8b" }, null],
  ] as const)("is found to lack something: %j", (part, problem) => {
    expect(Object.assign(new ModelDraft(null), part).problem).toBe(problem);
  });

  it.each([
    ["owner/name", { repo: "owner/name", revision: "" }],
    [" https://huggingface.co/owner/name/ ", { repo: "owner/name", revision: "" }],
    ["https://hub.example.org/owner/name/tree/v2?x=1", { repo: "owner/name", revision: "v2" }],
    ["owner", { repo: "owner", revision: "" }],
  ])("reads the repository in %j", (words, repo) => {
    expect(readRepo(words)).toEqual(repo);
  });

  it("takes the revision of its own field before the one of a pasted address", () => {
    const model = new ModelDraft(null);
    Object.assign(model, { source: "hugging_face", repo: "https://hub.example.org/o/n/tree/v2" });
    model.take("o/n", "n-Q4_K_M.gguf");
    expect(model.choice).toEqual({ type: "hugging_face", data: { repo: "o/n", file: "n-Q4_K_M.gguf", revision: "v2" } });
    model.revision = "main";
    expect(model.choice).toMatchObject({ data: { revision: "main" } });
  });
});

describe("an engine that is chosen", () => {
  it.each([
    [{ kind: "auto" }, null],
    [{ kind: "custom" }, "command_missing"],
    [{ kind: "custom", command: "serve 'x" }, "command_quote"],
    [{ kind: "custom", command: "serve", environment: "A B=1" }, "environment_invalid"],
    [{ kind: "custom", command: "serve", healthPath: "health" }, "health_invalid"],
    [{ kind: "custom", command: "serve", healthPath: "/ready", environment: "A=1" }, null],
    [{ kind: "ollama", archiveUrl: "x" }, "archive_invalid"],
    [{ kind: "ollama", archiveUrl: "https://a/o.tgz" }, "archive_sha256"],
    [{ kind: "ollama", archiveUrl: "https://a/o.tgz", archiveSha256: SHA }, null],
  ] as const)("is found to lack something: %j", (part, problem) => {
    expect(Object.assign(new EngineDraft(null), part).problem).toBe(problem);
  });

  it.each([
    { type: "auto" },
    { type: "llama_cpp", data: { binary: "/opt/llama-server" } },
    { type: "vllm", data: { version: "0.11.0" } },
    { type: "mlx", data: { version: null } },
    { type: "ollama", data: { archive: { url: "https://a/o.tgz", sha256: SHA.toLowerCase() } } },
    { type: "container", data: { tool: "podman", serves: "vllm", image: "reg/img:1" } },
    {
      type: "custom",
      data: { command: ["/opt/serve it", "--port", "{port}"], environment: { A: "1" }, key: false, health_path: "/ready" },
    },
  ] as const)("is asked for again as it was deployed: $type", (choice) => {
    const again = new EngineDraft(structuredClone(choice) as never);
    expect([again.choice, again.problem]).toEqual([choice, null]);
  });
});

describe("a plan", () => {
  it("begins with the practice model, and with what is deployed where there is something", () => {
    expect(firstPlan("a", null).request("a")).toEqual({
      host_id: "a",
      model: { type: "practice" },
      engine: { type: "auto" },
      context_size: null,
      parallel: null,
      gpu_layers: null,
      directory: null,
      overrides: [],
      bring: null,
    });
    const known = deployment({ choice: { type: "vllm", data: { version: null } } });
    expect(firstPlan("a", known).request("a")).toMatchObject({ model: known.source, engine: known.choice });
  });

  it("calls a path on this computer a file of it", () => {
    expect(firstPlan(LOCAL, deployment()).request(LOCAL).model).toEqual({ type: "local_file", data: "/m.gguf" });
  });

  it("wants a directory from the root of the host", () => {
    const plan = new Plan(null);
    plan.directory = "data/slipway";
    expect(plan.problem).toBe("directory_invalid");
    plan.directory = " /data/slipway ";
    expect([plan.problem, plan.request("a").directory]).toEqual([null, "/data/slipway"]);
  });

  it("forgets what was allowed of a line that is gone", () => {
    const plan = new Plan(null);
    plan.override("model_too_big", true);
    plan.override("cpu_old", true);
    plan.keepOverrides(new Set(["cpu_old"]));
    expect(plan.request("a").overrides).toEqual(["cpu_old"]);
    plan.override("cpu_old", false);
    expect(plan.request("a").overrides).toEqual([]);
  });
});
