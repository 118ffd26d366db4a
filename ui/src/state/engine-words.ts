import type { Deployment, Device, ModelSource } from "../ipc/bindings";
import { m } from "../paraglide/messages.js";
import type { EngineName } from "./engine-draft.svelte";

/** What an engine is called. */
export function engineName(kind: EngineName): string {
  switch (kind) {
    case "auto":
      return m.engine_auto();
    case "llama_cpp":
      return "llama.cpp";
    case "vllm":
      return "vLLM";
    case "mlx":
      return "MLX";
    case "ollama":
      return "Ollama";
    case "container":
      return m.engine_container();
    case "custom":
      return m.engine_custom();
  }
}

/** What computes, in a word. */
export function deviceName(device: Device): string {
  return device === "gpu" ? m.engine_device_gpu() : m.engine_device_cpu();
}

/** What keeps a server running. */
export function keeperName(keeper: string): string {
  return keeper === "supervisor" ? m.engine_keeper_supervisor() : keeper;
}

/** Where an engine listens on its host. */
export function listensOn({ socket }: Pick<Deployment, "socket">): string {
  return socket ? m.engine_socket() : m.engine_port();
}

/** A model's source in a few words: its file, its repository, its name. */
export function sourceName(source: ModelSource): string {
  switch (source.type) {
    case "practice":
      return m.servers_source_practice();
    case "host_path":
    case "local_file":
      return lastPart(source.data);
    case "url":
      return lastPart(source.data.url);
    case "hugging_face":
      return source.data.file === null ? source.data.repo : lastPart(source.data.file);
    case "ollama":
      return source.data;
  }
}

/** A model's source in full. */
export function sourceInFull(source: ModelSource): string {
  switch (source.type) {
    case "practice":
      return m.servers_source_practice();
    case "host_path":
    case "local_file":
    case "ollama":
      return source.data;
    case "url":
      return source.data.url;
    case "hugging_face":
      return [source.data.repo, source.data.file].filter(Boolean).join("/");
  }
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).pop() || path;
}
