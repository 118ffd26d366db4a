import type { EngineChoice } from "../ipc/bindings";
import { joinCommand, OpenQuote, readEnvironment, splitCommand } from "./command-words";
import { isSha256, isWebAddress } from "./web-address";

/** An engine by name, or `auto`: the plan decides. */
export type EngineName = EngineChoice["type"];

/** Why an engine cannot be planned with yet. */
export type EngineProblem =
  | "command_missing"
  | "command_quote"
  | "environment_invalid"
  | "health_invalid"
  | "archive_invalid"
  | "archive_sha256";

/** The engine that a person chooses, every kind with its own fields, so that trying another loses nothing. */
export class EngineDraft {
  kind = $state<EngineName>("auto");
  /** A `llama-server` on the host; empty for the plan's choice. */
  binary = $state("");
  vllmVersion = $state("");
  mlxVersion = $state("");
  archiveUrl = $state("");
  archiveSha256 = $state("");
  /** Empty for the one that works. */
  tool = $state("");
  serves = $state<"llama_cpp" | "vllm">("llama_cpp");
  image = $state("");
  command = $state("");
  /** A variable a line. */
  environment = $state("");
  key = $state(true);
  healthPath = $state("");

  constructor(from: EngineChoice | null) {
    if (!from) return;
    this.kind = from.type;
    switch (from.type) {
      case "llama_cpp":
        this.binary = from.data.binary ?? "";
        break;
      case "vllm":
        this.vllmVersion = from.data.version ?? "";
        break;
      case "mlx":
        this.mlxVersion = from.data.version ?? "";
        break;
      case "ollama":
        this.archiveUrl = from.data.archive?.url ?? "";
        this.archiveSha256 = from.data.archive?.sha256 ?? "";
        break;
      case "container":
        this.tool = from.data.tool ?? "";
        this.serves = from.data.serves === "vllm" ? "vllm" : "llama_cpp";
        this.image = from.data.image ?? "";
        break;
      case "custom":
        this.command = joinCommand(from.data.command);
        this.environment = Object.entries(from.data.environment)
          .map(([name, value]) => `${name}=${value}`)
          .join("\n");
        this.key = from.data.key;
        this.healthPath = from.data.health_path ?? "";
    }
  }

  get problem(): EngineProblem | null {
    if (this.kind === "ollama") return this.#archiveProblem();
    return this.kind === "custom" ? this.#customProblem() : null;
  }

  get choice(): EngineChoice {
    switch (this.kind) {
      case "auto":
        return { type: "auto" };
      case "llama_cpp":
        return { type: "llama_cpp", data: { binary: this.binary.trim() || null } };
      case "vllm":
        return { type: "vllm", data: { version: this.vllmVersion.trim() || null } };
      case "mlx":
        return { type: "mlx", data: { version: this.mlxVersion.trim() || null } };
      case "ollama": {
        const url = this.archiveUrl.trim();
        const archive = url === "" ? null : { url, sha256: this.archiveSha256.trim().toLowerCase() };
        return { type: "ollama", data: { archive } };
      }
      case "container":
        return {
          type: "container",
          data: { tool: this.tool || null, serves: this.serves, image: this.image.trim() || null },
        };
      case "custom":
        return {
          type: "custom",
          data: {
            command: this.#words() ?? [],
            environment: readEnvironment(this.environment) ?? {},
            key: this.key,
            health_path: this.healthPath.trim() || null,
          },
        };
    }
  }

  #archiveProblem(): EngineProblem | null {
    if (this.archiveUrl.trim() === "") return this.archiveSha256.trim() === "" ? null : "archive_invalid";
    if (!isWebAddress(this.archiveUrl)) return "archive_invalid";
    return isSha256(this.archiveSha256) ? null : "archive_sha256";
  }

  #customProblem(): EngineProblem | null {
    const words = this.#words();
    if (words === null) return "command_quote";
    if (words.length === 0) return "command_missing";
    if (readEnvironment(this.environment) === null) return "environment_invalid";
    const path = this.healthPath.trim();
    return path === "" || path.startsWith("/") ? null : "health_invalid";
  }

  /** The command's words; null while a quote is open. */
  #words(): string[] | null {
    try {
      return splitCommand(this.command);
    } catch (thrown) {
      if (thrown instanceof OpenQuote) return null;
      throw thrown;
    }
  }
}
