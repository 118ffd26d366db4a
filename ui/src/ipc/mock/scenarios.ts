import { blankSession } from "../blank";
import { messageOf } from "./chat";
import { fillChats } from "./chat-worlds";
import { fillConnections } from "./connection-worlds";
import { DISK_FULL, LOST, SLOW } from "./faults";
import { fillPlans } from "./plan-worlds";
import { fillUpkeep } from "./upkeep";
import { connectionOf, deploymentOf, emptyWorld, LOCAL_HOST, sshHost, type World } from "./world";

/** Four servers in four states, as in the visual reference. */
function full(): World {
  const world = emptyWorld();
  world.hosts = [
    { host: sshHost("studio", { host: "studio.local" }), deployment: deploymentOf("studio", "Qwen3-30B-A3B-Instruct-Q4_K_M"), last_error: null },
    {
      host: sshHost("lab-gpu-2", { user: "gpu", host: "10.0.4.22" }),
      deployment: deploymentOf("lab-gpu-2", "Llama-3.3-70B-Instruct-Q4_K_M", { context_size: 16_384, tokens_per_second: 9.1, first_token_ms: 4800 }),
      last_error: null,
    },
    { host: sshHost("rented-4090", { user: "root", host: "203.0.113.24", port: 40_122 }), deployment: deploymentOf("rented-4090", "gpt-oss-20b-mxfp4"), last_error: null },
    { host: sshHost("attic", { user: "ops", host: "attic.lan" }), deployment: null, last_error: DISK_FULL },
    { host: sshHost("gpu-box", { user: "ml", host: "192.0.2.40", port: 2222 }), deployment: null, last_error: null },
    {
      host: LOCAL_HOST,
      deployment: deploymentOf("local", "practice model", { practice: true, engine_version: "0.2.10", context_size: 4096, keeper: "supervisor", device: "cpu", socket: false }),
      last_error: null,
    },
  ];
  world.connections = [
    connectionOf("studio", { model: "Qwen3-30B-A3B-Instruct-Q4_K_M" }),
    connectionOf("lab-gpu-2", {
      state: "degraded",
      model: "Llama-3.3-70B-Instruct-Q4_K_M",
      context_size: 16_384,
      reason: SLOW,
      round_trip_ms: 48,
      local_url: "http://127.0.0.1:18081",
      since: Date.now() - 480_000,
    }),
    connectionOf("rented-4090", {
      state: "reconnecting",
      model: "gpt-oss-20b-mxfp4",
      reason: LOST,
      round_trip_ms: null,
      attempt: 3,
      next_attempt_at: Date.now() + 8000,
      local_url: "http://127.0.0.1:18082",
      since: Date.now() - 21_000,
    }),
  ];
  const titles = ["Back-pressure in a Rust proxy", "Rename the release branch", "Explain half-close in TCP", "Letter to the harbour office"];
  titles.forEach((title, index) => {
    const at = Date.now() - index * 20 * 3_600_000;
    const id = `session-${index}`;
    const part = { title, host_id: "studio", model: "Qwen3-30B-A3B", created_at: at, updated_at: at };
    world.sessions.push(blankSession(id, { ...part, pinned: index === 0, message_count: 2, last_state: "complete" }));
    world.messages.set(id, [
      messageOf(id, 0, { content: title, created_at: at }),
      messageOf(id, 1, { role: "assistant", content: `About **${title.toLowerCase()}**: it depends.`, host_id: "studio", model: "Qwen3-30B-A3B", created_at: at }),
    ]);
  });
  return world;
}

/**
 * The worlds by name: `empty`, `full`, `failing`, `broken`; the questions of `questions.ts`; the
 * conversations of `chat-worlds.ts`; the connections of `connection-worlds.ts`; the machines and failures
 * of `plan-worlds.ts`; the versions and gauges of `upkeep.ts`.
 */
export function worldOf(name: string): World {
  const world = name === "" || name === "empty" || name === "broken" ? emptyWorld() : full();
  if (name === "failing") world.deployFails = { step: "run", error: DISK_FULL };
  fillChats(world, name);
  fillConnections(world, name);
  fillPlans(world, name);
  fillUpkeep(world, name);
  return world;
}
