import type { DiagnosisLink, Host } from "../../ipc/bindings";
import { dateTime, milliseconds } from "../../i18n/format";
import { text } from "../../i18n/locale.svelte";
import { m } from "../../paraglide/messages.js";
import { faultText } from "../../shared/fault-text";
import type { DotState } from "../../shared/StateDot.svelte";
import { firstBroken, linkRows, type DiagnosisRun, type LinkRow } from "../../state/diagnoses.svelte";
import { fault } from "../../state/faults";
import { hostName } from "../../state/host-name";
import { addressOf } from "../../state/hosts.svelte";

const LABELS: Record<DiagnosisLink, () => string> = {
  network: m.host_link_network,
  name: m.host_link_name,
  port: m.host_link_port,
  ssh: m.host_link_ssh,
  login: m.host_link_login,
  forwarding: m.host_link_forwarding,
  engine: m.host_link_engine,
  health: m.host_link_health,
  model: m.host_link_model,
};

const STATES: Record<LinkRow["state"], () => string> = {
  ok: m.host_link_ok,
  warn: m.host_link_warn,
  broken: m.host_link_broken,
  skipped: m.host_link_skipped,
  looking: m.host_link_looking,
  waiting: m.host_link_waiting,
};

/** The shape beside a link. */
export const LINK_DOTS: Record<LinkRow["state"], DotState> = {
  ok: "ok",
  warn: "warn",
  broken: "error",
  skipped: "skip",
  looking: "busy",
  waiting: "off",
};

/** What a link is called. */
export function linkLabel(link: DiagnosisLink): string {
  return LABELS[link]();
}

/** How a link was found, in a word. */
export function linkState(state: LinkRow["state"]): string {
  return STATES[state]();
}

/** The sentence over a diagnosis: the first broken link decides it. */
export function headline(run: DiagnosisRun): { kind: DotState; words: string } {
  if (run.endedAt === null) return { kind: "busy", words: m.host_diagnosis_running() };
  const broken = firstBroken(run);
  if (broken) return { kind: "error", words: text(broken.fault?.message ?? broken.message) };
  if (run.error?.code === "cancelled") return { kind: "skip", words: m.host_diagnosis_stopped() };
  if (run.error) return { kind: "error", words: text(run.error.message) };
  if (run.links.some(({ state }) => state === "warn")) return { kind: "warn", words: m.host_diagnosis_warn() };
  return { kind: "ok", words: m.host_diagnosis_well() };
}

/** A diagnosis as plain text, to be sent to whoever runs the machine. */
export function diagnosisText(host: Host, run: DiagnosisRun): string {
  const rows = linkRows(run).map(({ link, state, finding }) => {
    const took = finding && state !== "skipped" ? ` (${milliseconds(finding.took_ms)})` : "";
    const words = finding ? text(finding.message) : linkState(state);
    const why = finding?.fault ? `\n    ${faultText(fault(finding.fault)).replaceAll("\n", "\n    ")}` : "";
    return `[${state}] ${linkLabel(link)}: ${words}${took}${why}`;
  });
  const head = [hostName(host), addressOf(host)].filter(Boolean).join(" · ");
  return [head, dateTime(run.endedAt ?? run.startedAt), headline(run).words, "", ...rows].join("\n");
}
