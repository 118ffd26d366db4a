import { SvelteMap } from "svelte/reactivity";
import type { DiagnosisLink, ErrorInfo, HostId, LinkFinding, RequestId, TaskMessage } from "../ipc/bindings";
import { onMessage, onSnapshot } from "../ipc/events";
import { isOver, tasks } from "./tasks.svelte";

/** The way to a model, link by link, in the order in which they are looked at. */
export const LINKS: readonly DiagnosisLink[] = [
  "network",
  "name",
  "port",
  "ssh",
  "login",
  "forwarding",
  "engine",
  "health",
  "model",
];

/** One look at the whole way to a host's model. */
export interface DiagnosisRun {
  requestId: RequestId;
  /** What was found so far, in order. */
  links: LinkFinding[];
  /** When it began, ms since the epoch. */
  startedAt: number;
  /** When it ended; null while it runs. */
  endedAt: number | null;
  /** Why it did not come to its end. */
  error: ErrorInfo | null;
}

/** A link as the screen shows it. */
export interface LinkRow {
  link: DiagnosisLink;
  state: LinkFinding["state"] | "looking" | "waiting";
  finding: LinkFinding | null;
}

/** All nine links: those that were found, the one that is looked at now, those that wait. */
export function linkRows(run: DiagnosisRun): LinkRow[] {
  let looking = run.endedAt === null;
  return LINKS.map((link) => {
    const finding = run.links.find((known) => known.link === link) ?? null;
    if (finding) return { link, state: finding.state, finding };
    // Whatever a run that ended has not looked at is skipped.
    const state = run.endedAt !== null ? "skipped" : looking ? "looking" : "waiting";
    looking = false;
    return { link, state, finding: null };
  });
}

/** The first link that is broken: whatever comes after it cannot be well. */
export function firstBroken(run: DiagnosisRun): LinkFinding | null {
  return linkRows(run).find(({ state }) => state === "broken")?.finding ?? null;
}

/** The last diagnosis of each host. */
class DiagnosisState {
  byHost = new SvelteMap<HostId, DiagnosisRun>();

  constructor() {
    onSnapshot((snapshot) => {
      this.byHost.clear();
      for (const { request_id, subject, queued_at, ended_at, outcome } of snapshot.tasks) {
        if (subject.kind !== "diagnose" || subject.host_id === null) continue;
        const known = this.byHost.get(subject.host_id);
        if (known && known.startedAt > queued_at) continue;
        const links = outcome?.type === "complete" && outcome.data.type === "diagnose" ? outcome.data.data.links : [];
        const error = outcome?.type === "error" ? outcome.data : null;
        this.byHost.set(subject.host_id, { requestId: request_id, links, startedAt: queued_at, endedAt: ended_at, error });
      }
    });
    onMessage((message) => this.#take(message));
  }

  get(hostId: HostId): DiagnosisRun | undefined {
    return this.byHost.get(hostId);
  }

  /** Looks at the whole way once more, unless that is under way. */
  async start(hostId: HostId): Promise<void> {
    const running = tasks.latest(hostId, "diagnose");
    if (running && !isOver(running)) return;
    const requestId = await tasks.diagnose(hostId);
    this.#begin(hostId, requestId, Date.now());
  }

  /** Takes a diagnosis that is over off the screen. */
  dismiss(hostId: HostId): void {
    const run = this.byHost.get(hostId);
    if (run && run.endedAt !== null) this.byHost.delete(hostId);
  }

  /** Ends a diagnosis that is under way. */
  async stop(hostId: HostId): Promise<void> {
    const run = this.byHost.get(hostId);
    if (run && run.endedAt === null) await tasks.cancel(run.requestId);
  }

  #begin(hostId: HostId, requestId: RequestId, startedAt: number): DiagnosisRun {
    const known = this.byHost.get(hostId);
    if (known?.requestId === requestId) return known;
    const run = { requestId, links: [], startedAt, endedAt: null, error: null };
    this.byHost.set(hostId, run);
    return run;
  }

  #take({ request_id, body, timestamp }: TaskMessage): void {
    if (body.type === "log" || body.type === "chunk") return;
    const subject = tasks.get(request_id)?.subject;
    if (subject?.kind !== "diagnose" || subject.host_id === null) return;
    const run = this.#begin(subject.host_id, request_id, timestamp);
    if (body.type === "progress" && body.data.type === "link") {
      const { data } = body.data;
      this.byHost.set(subject.host_id, { ...run, links: [...run.links.filter(({ link }) => link !== data.link), data] });
    } else if (body.type === "complete" && body.data.type === "diagnose") {
      this.byHost.set(subject.host_id, { ...run, links: body.data.data.links, endedAt: body.data.data.at });
    } else if (body.type === "error") {
      this.byHost.set(subject.host_id, { ...run, endedAt: timestamp, error: body.data });
    }
  }
}

/** What was found on the way to each host. */
export const diagnoses = new DiagnosisState();
