import type { DeployPlan, Host, PlannedDeploy, TaskInfo } from "../../ipc/bindings";
import { bytes, dateTime, milliseconds, number } from "../../i18n/format";
import { text } from "../../i18n/locale.svelte";
import { m } from "../../paraglide/messages.js";
import { faultText, findingText } from "../../shared/fault-text";
import { keeperName, listensOn } from "../../state/engine-words";
import { fault, findingWords } from "../../state/faults";
import { hostName } from "../../state/host-name";
import { addressOf } from "../../state/hosts.svelte";
import { fitFor, verdictSentence } from "./fit";
import { machineFacts } from "./machine-facts";
import { stepLabel } from "./steps";

function head(host: Host): string {
  return [hostName(host), addressOf(host)].filter(Boolean).join(" · ");
}

/** A preflight report and its plan as plain text, to be sent to whoever runs the machine. */
export function reportText(host: Host, { report, plan }: PlannedDeploy): string {
  const facts = machineFacts(report).map(({ key, value }) => `${key}: ${value}`);
  const findings = report.findings.map((finding) => findingText(findingWords(finding)));
  return [head(host), "", ...findings, "", ...facts, ...(plan ? ["", ...planLines(plan)] : [])].join("\n");
}

function planLines(plan: DeployPlan): string[] {
  const { fit } = plan;
  const context = fit ? fitFor(fit, plan.context_size) : undefined;
  const brought = plan.brought.map(({ what, bytes: size, reason }) => `${what} (${bytes(size)}): ${text(reason)}`);
  return [
    `${m.deploy_row_engine()}: ${plan.engine_label} (${text(plan.reason)})`,
    `${m.deploy_row_model()}: ${plan.model_label}`,
    `${m.deploy_row_context()}: ${plan.context_size === null ? m.deploy_row_default_context() : number(plan.context_size)}`,
    `${m.deploy_row_parallel()}: ${number(plan.parallel)}`,
    `${m.plan_directory()}: ${plan.directory}`,
    `${m.deploy_row_listens()}: ${listensOn(plan)}`,
    `${m.deploy_row_keeper()}: ${keeperName(plan.keeper)}`,
    ...(fit && context ? [`${m.plan_fit()}: ${verdictSentence(fit, context)}`] : []),
    ...(brought.length > 0 ? [`${m.plan_brought()}:`, ...brought.map((line) => `    ${line}`)] : []),
  ];
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
