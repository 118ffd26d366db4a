import type { ModelSource } from "../ipc/bindings";
import { isSha256, isWebAddress } from "./web-address";

/** Where the model of a plan comes from. */
export type SourceKind = ModelSource["type"];

/** Why a model cannot be planned with yet. */
export type ModelProblem =
  | "path_missing"
  | "file_missing"
  | "url_missing"
  | "url_invalid"
  | "sha256_invalid"
  | "repo_missing"
  | "repo_invalid"
  | "repo_unlisted"
  | "ollama_missing";

const REPO = /^[\w.-]+\/[\w.-]+$/;

/** `OWNER/NAME` and the revision, from what was typed or from an address of the hub that was pasted. */
export function readRepo(words: string): { repo: string; revision: string } {
  const path = words.trim().replace(/^https?:\/\/[^/]+\//, "").replace(/[?#].*$/, "").replace(/\/+$/, "");
  const [owner = "", name, kind, revision = ""] = path.split("/");
  const repo = name === undefined ? owner : `${owner}/${name}`;
  return { repo, revision: ["tree", "blob", "resolve"].includes(kind ?? "") ? revision : "" };
}

/** Whether words name a repository of the hub. */
export function isRepo(words: string): boolean {
  return REPO.test(readRepo(words).repo);
}

/** The model that a person chooses, every source with its own fields, so that trying another loses nothing. */
export class ModelDraft {
  source = $state<SourceKind>("practice");
  hostPath = $state("");
  localFile = $state("");
  url = $state("");
  sha256 = $state("");
  repo = $state("");
  /** A file of the repository; null for its safetensors. */
  file = $state<string | null>(null);
  /** The repository that the file was chosen from. */
  fileOf = $state("");
  revision = $state("");
  ollama = $state("");

  constructor(from: ModelSource | null) {
    if (!from) return;
    this.source = from.type;
    if (from.type === "host_path") this.hostPath = from.data;
    if (from.type === "local_file") this.localFile = from.data;
    if (from.type === "ollama") this.ollama = from.data;
    if (from.type === "url") {
      this.url = from.data.url;
      this.sha256 = from.data.sha256 ?? "";
    }
    if (from.type === "hugging_face") {
      this.repo = from.data.repo;
      this.fileOf = from.data.repo;
      this.file = from.data.file;
      this.revision = from.data.revision ?? "";
    }
  }

  get problem(): ModelProblem | null {
    switch (this.source) {
      case "practice":
        return null;
      case "host_path":
        return this.hostPath.trim() === "" ? "path_missing" : null;
      case "local_file":
        return this.localFile === "" ? "file_missing" : null;
      case "url":
        if (this.url.trim() === "") return "url_missing";
        if (!isWebAddress(this.url)) return "url_invalid";
        return this.sha256.trim() !== "" && !isSha256(this.sha256) ? "sha256_invalid" : null;
      case "hugging_face":
        if (this.repo.trim() === "") return "repo_missing";
        if (!isRepo(this.repo)) return "repo_invalid";
        return readRepo(this.repo).repo === this.fileOf ? null : "repo_unlisted";
      case "ollama":
        return this.ollama.trim() === "" ? "ollama_missing" : null;
    }
  }

  /** Takes a file of a repository; null for its safetensors. */
  take(repo: string, file: string | null): void {
    this.fileOf = repo;
    this.file = file;
  }

  /** The revision that is asked for: the one in its field, else the one in a pasted address. */
  get revisionAsked(): string | null {
    return this.revision.trim() || readRepo(this.repo).revision || null;
  }

  get choice(): ModelSource {
    switch (this.source) {
      case "practice":
        return { type: "practice" };
      case "host_path":
        return { type: "host_path", data: this.hostPath.trim() };
      case "local_file":
        return { type: "local_file", data: this.localFile };
      case "url":
        return { type: "url", data: { url: this.url.trim(), sha256: this.sha256.trim().toLowerCase() || null } };
      case "hugging_face":
        return {
          type: "hugging_face",
          data: { repo: readRepo(this.repo).repo, file: this.file, revision: this.revisionAsked },
        };
      case "ollama":
        return { type: "ollama", data: this.ollama.trim() };
    }
  }
}
