import type { ConnectionState, DiagnosisLink, ErrorInfo } from "../bindings";
import { KEY_CHANGED, LOGIN_REFUSED, LOST } from "./faults";
import { QUESTIONS, type QuestionName } from "./questions";
import { connectionOf, deploymentOf, sshHost, type World } from "./world";

const STATES: ConnectionState[] = [
  "connecting",
  "authenticating",
  "waiting_for_user",
  "loading",
  "connected",
  "degraded",
  "reconnecting",
  "needs_attention",
];

const LINKS: DiagnosisLink[] = ["network", "name", "port", "ssh", "login", "forwarding", "engine", "health", "model"];

function trouble(world: World, hostId: string, reason: ErrorInfo): void {
  world.connections.push(
    connectionOf(hostId, {
      state: "needs_attention",
      reason,
      local_url: null,
      round_trip_ms: null,
      since: Date.now() - 90_000,
      open_streams: 0,
      last_error: reason,
      last_error_at: Date.now() - 90_000,
    }),
  );
}

/** One server in each state of a connection. */
function everyState(world: World): void {
  world.hosts = STATES.map((state) => ({
    host: sshHost(state.replaceAll("_", "-"), { host: `${state.replaceAll("_", "-")}.lan` }),
    deployment: deploymentOf(state, "Qwen3-30B-A3B-Instruct-Q4_K_M"),
    last_error: null,
  }));
  const failing = new Set<ConnectionState>(["degraded", "reconnecting"]);
  world.connections = STATES.map((state) =>
    connectionOf(state.replaceAll("_", "-"), {
      state,
      since: Date.now() - 40_000,
      reason: state === "needs_attention" ? LOGIN_REFUSED : failing.has(state) ? LOST : null,
      attempt: state === "reconnecting" ? 5 : null,
      next_attempt_at: state === "reconnecting" ? Date.now() + 23_000 : null,
      round_trip_ms: state === "connected" || state === "degraded" ? 12 : null,
    }),
  );
}

/** Names and addresses at their longest. */
function longNames(world: World): void {
  const name = "gpu-node-0173.rack-42.north-hall.research.department-of-physics";
  world.hosts.unshift({
    host: sshHost(name, { user: "firstname.lastname@campus", host: `${name}.university.example.org`, port: 40_122 }),
    deployment: deploymentOf(name, "DeepSeek-R1-Distill-Qwen-32B-Instruct-Uncensored-v2-imatrix-Q4_K_M-00001-of-00004"),
    last_error: null,
  });
  world.connections.unshift(
    connectionOf(name, { model: "DeepSeek-R1-Distill-Qwen-32B-Instruct-Uncensored-v2-imatrix-Q4_K_M-00001-of-00004", bytes_down: 987_654_321_000 }),
  );
  world.busyHosts.add(name);
}

/**
 * Connections to look at: `attention`, `states`, `timeline`, `long-names`, `diagnose-LINK` (broken there),
 * `diagnose-stuck`, `several-prompts` and each question by its name.
 */
export function fillConnections(world: World, name: string): void {
  if (Object.hasOwn(QUESTIONS, name)) world.asks = [name as QuestionName];
  if (name === "several-prompts") world.asks = ["jump-key", "host-key", "passphrase", "interactive"];
  if (name === "changed-key") world.deployFails = { step: "connect", error: KEY_CHANGED };
  if (name === "attention" || name === "changed-key") trouble(world, "attic", KEY_CHANGED);
  if (name === "attention") trouble(world, "gpu-box", LOGIN_REFUSED);
  if (name === "states") everyState(world);
  if (name === "long-names") longNames(world);
  if (name === "diagnose-stuck") world.diagnosis.stuck = "login";
  world.diagnosis.broken = LINKS.find((link) => name === `diagnose-${link}`) ?? null;
  const [studio] = world.connections;
  if (name === "timeline" && studio) {
    world.busyHosts.add("studio");
    Object.assign(studio, { since: Date.now() - 408_000, reconnects: 2, last_error: LOST, last_error_at: Date.now() - 41 * 60_000, bytes_down: 640e6 });
  }
}
