import { SvelteSet } from "svelte/reactivity";
import type { DeployRequest, Deployment, HostId } from "../ipc/bindings";
import { EngineDraft, type EngineProblem } from "./engine-draft.svelte";
import { LOCAL } from "./hosts.svelte";
import { ModelDraft, type ModelProblem } from "./model-draft.svelte";

/** Why a plan cannot be carried out yet. */
export type PlanProblem = ModelProblem | EngineProblem | "directory_invalid";

/** What a person chose for a host. */
export class Plan {
  readonly model: ModelDraft;
  readonly engine: EngineDraft;
  /** Tokens per conversation; the model's own when null. */
  contextSize = $state<number | null>(null);
  /** Answers at once; 4 when null. */
  parallel = $state<number | null>(null);
  /** Layers on the graphics processor; the engine's choice when null. */
  gpuLayers = $state<number | null>(null);
  /** A directory of the host; empty for the one that it has, or the usual one. */
  directory = $state("");
  /** Whether what the host lacks may be brought without a question. */
  bring = $state(false);
  /** Red lines of the report that shall not stop this deploy. */
  readonly overrides = new SvelteSet<string>();

  constructor(from: Pick<Deployment, "source" | "choice"> | null) {
    this.model = new ModelDraft(from?.source ?? null);
    this.engine = new EngineDraft(from?.choice ?? null);
  }

  get problem(): PlanProblem | null {
    const path = this.directory.trim();
    // `~` is resolved by nobody on the way, and a relative one would depend on where a shell starts.
    if (path !== "" && !path.startsWith("/")) return "directory_invalid";
    return this.model.problem ?? this.engine.problem;
  }

  request(hostId: HostId): DeployRequest {
    return {
      host_id: hostId,
      model: this.model.choice,
      engine: this.engine.choice,
      context_size: this.contextSize,
      parallel: this.parallel,
      gpu_layers: this.gpuLayers,
      directory: this.directory.trim() || null,
      overrides: [...this.overrides].sort(),
      bring: this.bring ? true : null,
    };
  }

  /** Lets a red line stop this deploy, or not. */
  override(code: string, on: boolean): void {
    if (on) this.overrides.add(code);
    else this.overrides.delete(code);
  }

  /** What was allowed of a line that is gone does not hold for another one that comes later. */
  keepOverrides(codes: ReadonlySet<string>): void {
    for (const code of [...this.overrides]) if (!codes.has(code)) this.overrides.delete(code);
  }
}

/** The plan that a host begins with: what is deployed there, else the practice model. */
export function firstPlan(hostId: HostId, deployment: Deployment | null): Plan {
  const plan = new Plan(deployment);
  // On this computer both name a file of it; the plan offers one of them.
  if (hostId === LOCAL && plan.model.source === "host_path")
    Object.assign(plan.model, { source: "local_file", localFile: plan.model.hostPath });
  return plan;
}
