import { beforeEach, describe, expect, it } from "vitest";
import { attach } from "../ipc/events";
import type { DiagnosisLink, LinkFinding } from "../ipc/bindings";
import { TestBackend, emptySnapshot, errorInfo, hostView } from "../test-backend";
import { diagnoses, firstBroken, linkRows, LINKS, type DiagnosisRun } from "./diagnoses.svelte";

let backend: TestBackend;

function finding(link: DiagnosisLink, state: LinkFinding["state"] = "ok"): LinkFinding {
  const fault = state === "broken" ? errorInfo("connection_refused") : null;
  return { link, state, message: { en: link, ru: link }, fault, took_ms: 3 };
}

function found(link: DiagnosisLink, state?: LinkFinding["state"]): void {
  backend.say("g1", { type: "progress", data: { type: "link", data: finding(link, state) } });
}

function run(): DiagnosisRun {
  const known = diagnoses.get("a");
  if (!known) throw new Error("no diagnosis of a");
  return known;
}

const states = (): string[] => linkRows(run()).map(({ state }) => state);

beforeEach(async () => {
  backend = new TestBackend();
  backend.reply("host_diagnose", () => ({ request_id: "g1" }));
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a")] };
  await attach();
  await diagnoses.start("a");
});

describe("a diagnosis", () => {
  it("looks at the first link and fills in one after the other", () => {
    expect(states()).toEqual(["looking", ...Array<string>(8).fill("waiting")]);
    found("network");
    found("name");
    expect(states().slice(0, 4)).toEqual(["ok", "ok", "looking", "waiting"]);
  });

  it("has the first broken link as its headline, and skips what was not looked at", () => {
    found("network");
    found("port", "broken");
    found("login", "broken");
    const links = LINKS.map((link) => finding(link, link === "port" ? "broken" : link === "network" || link === "name" ? "ok" : "skipped"));
    backend.say("g1", { type: "complete", data: { type: "diagnose", data: { host_id: "a", at: 5000, links } } });
    expect(firstBroken(run())?.link).toBe("port");
    expect(run().endedAt).toBe(5000);
    expect(states().slice(2, 4)).toEqual(["broken", "skipped"]);
  });

  it("is not started twice at once, but again when it is over", async () => {
    await diagnoses.start("a");
    expect(backend.requests("host_diagnose")).toHaveLength(1);
    backend.say("g1", { type: "error", data: errorInfo("cancelled") });
    expect(run()).toMatchObject({ endedAt: 1000, error: { code: "cancelled" } });
    expect(states()).toEqual(Array<string>(9).fill("skipped"));
    backend.reply("host_diagnose", () => ({ request_id: "g2" }));
    await diagnoses.start("a");
    expect(run()).toMatchObject({ requestId: "g2", links: [], endedAt: null });
  });

  it("is there again after a new snapshot", async () => {
    const links = [finding("network", "broken")];
    const subject = { kind: "diagnose" as const, host_id: "a", session_id: null, message_id: null };
    const result = { type: "diagnose" as const, data: { host_id: "a", at: 9, links } };
    const task = { request_id: "g7", subject, state: "done" as const, queued_at: 1, started_at: 2, ended_at: 9, steps: [], prompt: null };
    backend.snapshot = { ...backend.snapshot, tasks: [{ ...task, outcome: { type: "complete", data: result } }] };
    await attach();
    expect(run()).toMatchObject({ requestId: "g7", endedAt: 9, links });
  });
});
