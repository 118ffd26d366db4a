import type { ErrorInfo } from "../bindings";
import { messageOf } from "./chat";
import { fillChats } from "./chat-worlds";
import { both } from "./stream";
import { connectionOf, deploymentOf, emptyWorld, LOCAL_HOST, sshHost, type World } from "./world";

const DISK_FULL: ErrorInfo = {
  code: "host_disk_full",
  message: both(
    "Not enough disk: the model needs 19.9 GB, /home has 6.3 GB free.",
    "Не хватает места: модели нужно 19,9 ГБ, в /home свободно 6,3 ГБ.",
  ),
  fix: both("Free 14 GB in /home or choose a smaller model.", "Освободите 14 ГБ в /home или возьмите модель меньше."),
  detail_id: "d-91c2",
};

const SLOW: ErrorInfo = {
  code: "engine_not_healthy",
  message: both("The engine answers, but the last check took 4.8 s.", "Движок отвечает, но последняя проверка заняла 4,8 с."),
  fix: both("Look at what else uses the GPU.", "Посмотрите, что ещё занимает видеокарту."),
  detail_id: "d-22b0",
};

const KEY_CHANGED: ErrorInfo = {
  code: "host_key_changed",
  message: both(
    "The host key of attic.lan changed: it does not match line 14 of ~/.ssh/known_hosts.",
    "Ключ сервера attic.lan изменился: он не совпадает со строкой 14 файла ~/.ssh/known_hosts.",
  ),
  fix: both(
    "If the machine was reinstalled, remove line 14 and connect again. If not, somebody may be in between.",
    "Если систему переустанавливали, удалите строку 14 и подключитесь снова. Если нет, между вами может быть посторонний.",
  ),
  detail_id: "d-5e07",
};

const LOST: ErrorInfo = {
  code: "connection_lost",
  message: both("The server stopped answering.", "Сервер перестал отвечать."),
  fix: both("Slipway reconnects by itself.", "Slipway переподключится сам."),
  detail_id: "d-6a10",
};

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
      deployment: deploymentOf("local", "practice model", { practice: true, engine_version: "0.2.10", context_size: 4096 }),
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
    world.sessions.push({ id, title, host_id: "studio", model: "Qwen3-30B-A3B", created_at: at, updated_at: at, pinned: index === 0, message_count: 2 });
    world.messages.set(id, [
      messageOf(id, 0, { content: title, created_at: at }),
      messageOf(id, 1, { role: "assistant", content: `About **${title.toLowerCase()}**: it depends.`, host_id: "studio", model: "Qwen3-30B-A3B", created_at: at }),
    ]);
  });
  return world;
}

/** The worlds by name: `empty`, `full`, `failing`, `changed-key`, `host-key`, `password`, `passphrase`, `broken`. */
export function worldOf(name: string): World {
  const world = name === "" || name === "empty" || name === "broken" ? emptyWorld() : full();
  if (name === "failing") world.deployFails = { step: "run", error: DISK_FULL };
  if (name === "changed-key") {
    for (const view of world.hosts) if (view.host.id === "attic") view.last_error = KEY_CHANGED;
    world.deployFails = { step: "connect", error: KEY_CHANGED };
  }
  if (name === "host-key") world.asks = "host_key";
  if (name === "password") world.asks = "password";
  if (name === "passphrase") world.asks = "passphrase";
  fillChats(world, name);
  return world;
}
