import type { Backend } from "../backend";
import { NO_DRAFT } from "../blank";
import type { Commands, ErrorInfo, Host, HostAdd, PromptReply, Snapshot, TaskRef } from "../bindings";
import { playConnect, playDeploy, type MockTask } from "./deploy";
import { playDiagnosis } from "./diagnosis";
import { historyOf } from "./history";
import { libraryMock } from "./library";
import { fillLibrary } from "./library-worlds";
import { fillLog } from "./log-worlds";
import { metricsHandlers } from "./metrics";
import { MultiMock } from "./multi";
import { begin, playHub, playPlan } from "./plan";
import { reportOf } from "./preflight";
import { QUESTIONS } from "./questions";
import { worldOf } from "./scenarios";
import { both, MockStream, sleep } from "./stream";
import { threadHandlers } from "./thread";
import { playClean, playEngineLog, playRollback, playStop, playUninstall, playVersions } from "./upkeep";
import { LOCAL_HOST, sshHost } from "./world";

/** What answers the commands; each part of the mock brings its own. */
export type Handlers = { [K in keyof Commands]: (request: Commands[K]["request"]) => Commands[K]["response"] };

function refuse(code: ErrorInfo["code"], en: string, ru: string): never {
  throw { code, message: both(en, ru), fix: both("", ""), detail_id: "d-7f3a", facts: null } satisfies ErrorInfo;
}

/** A backend that plays a scenario by itself: `?mock=SCENARIO` in development. */
export function mockBackend(name: string, language: string | null = null): Backend {
  const world = worldOf(name);
  if (language === "ru") world.app.system_language = "ru";
  const stream = new MockStream();
  fillLog(stream, name);
  const cancelled = new Set<string>();
  const removed = new Map<string, Snapshot["hosts"][number]>();
  const deleted = new Map<string, Snapshot["sessions"][number]>();
  const answers = new Map<string, (reply: PromptReply) => void>();
  const multi = new MultiMock(world, stream, name, (id) => cancelled.has(id));

  /** Begins a task and answers as its command does. */
  function play(kind: string, run: (mine: MockTask) => Promise<void>): TaskRef {
    const mine = task(kind);
    void run(mine);
    return { request_id: mine.id };
  }

  function task(kind: string): MockTask {
    const id = `${kind}-${crypto.randomUUID().slice(0, 8)}`;
    return { id, world, stream, cancelled: () => cancelled.has(id), ask: (hostId) => ask(id, hostId) };
  }

  async function ask(id: string, hostId: string): Promise<boolean> {
    if (hostId === "local") return true;
    for (const name of world.asks) {
      const prompt_id = crypto.randomUUID();
      const base = { prompt_id, host_id: hostId, expires_at: Date.now() + 120_000 };
      stream.say(id, { type: "prompt", data: { ...base, question: structuredClone(QUESTIONS[name]) } });
      const reply = await new Promise<PromptReply>((resolve) => answers.set(prompt_id, resolve));
      stream.say(id, { type: "progress", data: { type: "prompt_closed", data: { prompt_id } } });
      if (reply.type === "decline") return false;
    }
    return true;
  }

  function addHost(request: HostAdd): Host {
    const words = request.address.trim();
    if (words === "local") return LOCAL_HOST;
    const alias = world.suggestions.find((item) => item.alias === words);
    const parsed = /^(?:([^@\s]+)@)?([^\s:@]+)(?::(\d+))?$/.exec(alias?.address ?? words);
    if (!parsed?.[2])
      refuse("invalid_input", `“${words}” is not an address.`, `«${words}» не похоже на адрес.`);
    const host = sshHost(alias?.alias ?? parsed[2], {
      user: parsed[1] ?? "me",
      host: parsed[2],
      port: Number(parsed[3] ?? 22),
      identity: alias?.identity ?? null,
    });
    world.hosts.push({ host, deployment: null, last_error: null });
    return host;
  }

  function view(hostId: string) {
    return world.hosts.find(({ host }) => host.id === hostId) ?? refuse("not_found", "No such host.", "Нет такого сервера.");
  }

  function session(id: string) {
    return world.sessions.find((item) => item.id === id) ?? refuse("not_found", "No such chat.", "Нет такой беседы.");
  }

  const shelf = libraryMock(world, name, fillLibrary(world, name), play);

  const handlers: Partial<Handlers> = {
    ...shelf.handlers,
    snapshot: () => structuredClone({ seq: stream.seq, ...pick() }),
    settings_set: (request) => (world.settings = request),
    host_add: addHost,
    host_rename: ({ host_id, name: next }) => Object.assign(view(host_id).host, { name: next }),
    host_remove: ({ host_id }) => {
      removed.set(host_id, view(host_id));
      world.hosts = world.hosts.filter(({ host }) => host.id !== host_id);
      return {};
    },
    host_restore: ({ host_id }) => {
      const back = removed.get(host_id) ?? refuse("not_found", "Too late.", "Поздно.");
      world.hosts.push(back);
      return back.host;
    },
    host_list: () => structuredClone(world.hosts),
    host_suggestions: () => world.suggestions,
    host_keep: ({ host_id, keep }) => Object.assign(view(host_id).host, { keep }),
    host_diagnose: ({ host_id }) => play("diagnose", (mine) => playDiagnosis(mine, host_id)),
    host_check: ({ host_id }) =>
      play("check", async (mine) => {
        begin(mine, "check", host_id);
        await sleep(world.stepMs);
        stream.say(mine.id, { type: "complete", data: { type: "check", data: reportOf(world) } });
      }),
    hub_list: (request) => play("hub", (mine) => playHub(mine, request)),
    hub_token_set: ({ token }) => {
      world.app.hub_token = token !== null;
      return {};
    },
    deploy_plan: (request) => play("plan", (mine) => playPlan(mine, request)),
    deploy_start: (request) => play("deploy", (mine) => playDeploy(mine, request)),
    versions_list: ({ host_id }) => play("versions", (mine) => playVersions(mine, host_id)),
    rollback_start: (request) => play("rollback", (mine) => playRollback(mine, request)),
    clean_start: (request) => play("clean", (mine) => playClean(mine, request)),
    engine_log_start: (request) => play("engine-log", (mine) => playEngineLog(mine, request)),
    engine_stop_start: ({ host_id }) => play("stop", (mine) => playStop(mine, host_id)),
    uninstall_start: (request) => play("uninstall", (mine) => playUninstall(mine, request)),
    connect_start: ({ host_id }) => play("connect", (mine) => playConnect(mine, host_id)),
    connect_stop: ({ host_id }) => {
      const status = world.connections.find((item) => item.host_id === host_id);
      if (!status) return {};
      cancelled.add(status.request_id);
      const off = { ...status, state: "disconnected" as const, local_url: null, since: Date.now() };
      world.connections = world.connections.filter((item) => item !== status);
      stream.say(status.request_id, { type: "progress", data: { type: "connection", data: off } });
      return {};
    },
    connection_history: ({ host_id }) => historyOf(world, host_id),
    ...threadHandlers({ world, stream, cancelled: (id) => cancelled.has(id) }),
    session_list: () => structuredClone(world.sessions),
    session_rename: ({ session_id, title }) => ({ ...Object.assign(session(session_id), { title }) }),
    session_pin: ({ session_id, pinned }) => ({ ...Object.assign(session(session_id), { pinned }) }),
    session_delete: ({ session_id }) => {
      deleted.set(session_id, session(session_id));
      world.sessions = world.sessions.filter(({ id }) => id !== session_id);
      return {};
    },
    session_restore: ({ session_id }) => {
      const back = deleted.get(session_id) ?? refuse("not_found", "Too late.", "Поздно.");
      world.sessions.push(back);
      return back;
    },
    task_list: () => structuredClone(world.tasks),
    task_stats: () => [],
    task_cancel: ({ request_id }) => {
      cancelled.add(request_id);
      return {};
    },
    prompt_answer: ({ prompt_id, reply }) => {
      answers.get(prompt_id)?.(reply);
      return {};
    },
    log_list: ({ limit }) => stream.logs.slice(-limit),
    log_save: () => ({}),
    ...metricsHandlers(name),
    ...multi.handlers,
  };
  const { session_get: read } = handlers;
  if (read) handlers.session_get = (request) => multi.complete(read(request));

  function pick() {
    const { app, settings, hosts, connections, tasks } = world;
    const sessions = world.sessions.filter(({ group_id }) => group_id === null);
    return { app, settings, hosts, connections, tasks, sessions, folders: shelf.folders(), draft: NO_DRAFT };
  }

  return {
    invoke: async (command, request) => {
      await sleep(5);
      if (name === "broken") refuse("database_corrupt", "The database cannot be read.", "База данных не читается.");
      const handler = handlers[command as keyof Commands] as ((request: unknown) => unknown) | undefined;
      if (!handler) throw new Error(`no command ${command}`);
      return handler(request);
    },
    subscribe: async (afterSeq, onBatch) => {
      stream.subscribe(afterSeq, onBatch);
      return { complete: true };
    },
  };
}
