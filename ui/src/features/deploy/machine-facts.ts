import type { Gpu, PreflightReport } from "../../ipc/bindings";
import { bytes, duration, memory, number, UNKNOWN } from "../../i18n/format";
import { m } from "../../paraglide/messages.js";
import type { KeyValue } from "../../shared/KeyValues.svelte";

const MEBIBYTE = 1024 ** 2;

/** Everything that a report says about the machine beside its lines. */
export function machineFacts(report: PreflightReport): KeyValue[] {
  const rows: KeyValue[] = [
    { key: m.deploy_fact_system(), value: [report.os, report.arch, report.libc].filter(Boolean).join(", ") },
    { key: m.deploy_fact_processor(), value: `${report.cpu}, ${number(report.cores)}` },
    { key: m.deploy_fact_features(), value: report.cpu_features.join(" ") },
    {
      key: m.deploy_fact_memory(),
      value: m.deploy_free_of({ free: memory(report.memory_available_bytes), total: memory(report.memory_total_bytes) }),
    },
    ...report.gpus.map((gpu, index) => ({ key: m.deploy_fact_gpu({ index: number(index) }), value: gpuWords(gpu) })),
    { key: m.deploy_fact_cuda(), value: report.cuda ?? "" },
    { key: m.deploy_fact_processes(), value: report.gpu_processes.map(processWords).join(", ") },
    { key: m.deploy_fact_root(), value: report.root, mono: true },
    { key: m.deploy_fact_disk(), value: m.deploy_free({ free: bytes(report.disk_free_bytes) }) },
    { key: m.deploy_fact_inodes(), value: report.inodes_free === null ? "" : number(report.inodes_free) },
    {
      key: m.deploy_fact_directories(),
      value: report.directories.map(({ path, free_bytes }) => `${path} (${m.deploy_free({ free: bytes(free_bytes) })})`).join(", "),
    },
    { key: m.deploy_fact_python(), value: report.python ?? m.deploy_fact_none() },
    { key: m.deploy_fact_pythons(), value: report.pythons.map(pythonWords).join(", ") },
    { key: m.deploy_fact_containers(), value: report.containers.join(", ") || m.deploy_fact_none() },
    { key: m.deploy_fact_ollama(), value: report.ollama ?? "" },
    { key: m.deploy_fact_llama(), value: report.llama_server ?? "", mono: true },
    { key: m.deploy_fact_index(), value: reachableWords(report.index_reachable) },
    { key: m.deploy_fact_forwarding(), value: forwardingWords(report) },
    { key: m.deploy_fact_clock(), value: clockWords(report.clock_skew_s) },
  ];
  return rows.filter(({ value }) => value !== "");
}

function gpuWords(gpu: Gpu): string {
  const size = (mb: number | null): string => (mb === null ? UNKNOWN : memory(mb * MEBIBYTE));
  return [
    gpu.name,
    gpu.memory_total_mb === null
      ? ""
      : gpu.memory_free_mb === null
        ? size(gpu.memory_total_mb)
        : m.deploy_fact_gpu_words({ memory: size(gpu.memory_total_mb), free: size(gpu.memory_free_mb) }),
    gpu.unified ? m.deploy_fact_unified() : "",
    gpu.driver === null ? "" : m.deploy_fact_driver({ version: gpu.driver }),
    gpu.compute_capability ?? "",
  ]
    .filter(Boolean)
    .join(", ");
}

function processWords({ name, pid, memory_mb }: PreflightReport["gpu_processes"][number]): string {
  const held = memory_mb === null ? "" : `, ${memory(memory_mb * MEBIBYTE)}`;
  return `${name} (${m.deploy_fact_pid({ pid: String(pid) })}${held})`;
}

function pythonWords({ path, version, venv_works, brought }: PreflightReport["pythons"][number]): string {
  const more = [venv_works ? "" : m.deploy_fact_no_venv(), brought ? m.deploy_fact_brought() : ""].filter(Boolean);
  return `${version} ${path}${more.length > 0 ? ` (${more.join(", ")})` : ""}`;
}

function reachableWords(reachable: boolean | null): string {
  if (reachable === null) return "";
  return reachable ? m.deploy_fact_reachable() : m.deploy_fact_unreachable();
}

function forwardingWords({ forwarding }: PreflightReport): string {
  if (forwarding === null) return "";
  if (forwarding.tcp && forwarding.socket) return m.deploy_fact_forwarding_both();
  if (forwarding.tcp) return m.deploy_fact_forwarding_tcp();
  return forwarding.socket ? m.deploy_fact_forwarding_socket() : m.deploy_fact_none();
}

function clockWords(skew: number | null): string {
  if (skew === null || Math.abs(skew) < 1) return "";
  const value = duration(Math.abs(skew) * 1000);
  return skew > 0 ? m.deploy_fact_clock_ahead({ value }) : m.deploy_fact_clock_behind({ value });
}
