import type { Host, PreflightReport, TaskInfo } from "../../ipc/bindings";
import { bytes, dateTime, milliseconds } from "../../i18n/format";
import { text } from "../../i18n/locale.svelte";
import { m } from "../../paraglide/messages.js";
import { faultText } from "../../shared/fault-text";
import { fault } from "../../state/faults";
import { hostName } from "../../state/host-name";
import { addressOf } from "../../state/hosts.svelte";
import { stepLabel } from "./steps";

function head(host: Host): string {
  return [hostName(host), addressOf(host)].filter(Boolean).join(" · ");
}

/** A preflight report as plain text, to be sent to whoever runs the machine. */
export function reportText(host: Host, report: PreflightReport): string {
  const facts = [
    `${report.os}, ${report.arch}, ${report.cpu} (${report.cores})`,
    `${m.deploy_fact_memory()}: ${bytes(report.memory_available_bytes)} / ${bytes(report.memory_total_bytes)}`,
    `${m.deploy_fact_disk()}: ${bytes(report.disk_free_bytes)} (${report.root})`,
    `Python: ${report.python ?? m.deploy_fact_none()}`,
    ...report.gpus.map((gpu) => `GPU: ${gpu.name}${gpu.driver ? `, ${gpu.driver}` : ""}`),
  ];
  const findings = report.findings.map(
    ({ severity, code, message, fix }) => `[${severity}] ${code}: ${text(message)}${text(fix) ? `\n    ${text(fix)}` : ""}`,
  );
  return [head(host), ...facts, "", ...findings].join("\n");
}

/** How a deploy went as plain text: the steps, the error, the last lines of its log. */
export function runText(host: Host, run: TaskInfo, lines: readonly string[]): string {
  const steps = run.steps.map((step) => {
    const took = step.elapsed_ms === null ? "" : ` ${milliseconds(step.elapsed_ms)}`;
    return `[${step.state}] ${stepLabel(step.step)}${took}${step.detail ? ` (${text(step.detail)})` : ""}`;
  });
  const failed = run.outcome?.type === "error" ? fault(run.outcome.data) : null;
  const error = failed ? ["", faultText(failed)] : [];
  return [head(host), dateTime(run.queued_at), ...steps, ...error, "", ...lines].join("\n");
}
