// The window that is measured: its processes, its tasks, its conversations.
import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";

import { testId } from "../../tests/e2e/webdriver.mjs";
import { ARTIFACTS, BINARY } from "../../tests/e2e/window.mjs";
import { inPage, invoke } from "./probes.mjs";

/** Kernel clock ticks in a second, as `getconf CLK_TCK` says everywhere. */
const TICKS = 100;
const LOCAL = "local";

/** Starts a task of the backend and waits for its result. */
export async function runTask(page, command, request, timeout = 120_000) {
  const { request_id: id } = await inPage(page, invoke, command, request);
  const find = async () => (await inPage(page, invoke, "task_list", {})).find((task) => task.request_id === id)?.outcome;
  const outcome = await page.until(`the end of ${command}`, find, { timeout, interval: 200 });
  if (outcome.type === "error") throw new Error(`${command}: ${JSON.stringify(outcome.data)}`);
  return outcome.data.data;
}

/** Puts the stand-in engine on this computer and connects to it. */
export async function deployStandIn(page) {
  const command = [process.execPath, new URL("standin.mjs", import.meta.url).pathname, "{port}"];
  await runTask(page, "deploy_start", {
    host_id: LOCAL,
    model: { type: "practice" },
    engine: { type: "custom", data: { command, environment: {}, key: false, health_path: "/health" } },
    context_size: 1_048_576,
  });
  const state = async () =>
    (await inPage(page, invoke, "snapshot", {})).connections.find((connection) => connection.host_id === LOCAL)?.state;
  // A deploy leaves its tunnel open.
  if ((await state()) === undefined) await inPage(page, invoke, "connect_start", { host_id: LOCAL });
  await page.until("the connection", async () => (await state()) === "connected", { timeout: 30_000 });
}

/** Makes so many comparisons of four columns of the stand-in; returns their ids. */
export async function makeComparisons(page, count) {
  const columns = Array.from({ length: 4 }, () => ({ host_id: LOCAL, model: null }));
  const made = [];
  for (let at = 0; at < count; at += 1) made.push((await inPage(page, invoke, "compare_start", { columns })).session.id);
  // The window that asked is not told: it reads the list anew.
  await page.refresh();
  return made;
}

/** Opens a comparison of four columns from the list. */
export async function openComparison(page, session) {
  await openSession(page, session);
  await page.until("its columns", async () =>
    (await page.has(`${rowOf(session)}[aria-current]`)) &&
    (await page.findAll('section[data-testid^="column-"]')).length === 4);
}

/** The row of a conversation in the list. */
export function rowOf(session) {
  return `[data-line="${session}"]`;
}

/** Opens a conversation from the list. */
export async function openSession(page, session) {
  await page.click(testId("nav-chats"));
  await page.click(rowOf(session));
}

/** When a process was started, ms since the epoch; exact to 10 ms. */
export async function startedAt(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1");
  const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const uptime = Number((await readFile("/proc/uptime", "latin1")).split(" ")[0]);
  return Date.now() - (uptime - ticks / TICKS) * 1_000;
}

/**
 * Memory of the window in MB by process: a page that several share counts in parts (PSS). Libraries are left out:
 * their part changes with every other program that uses them.
 */
export async function memory(home) {
  const found = {};
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const exe = await readlink(`/proc/${name}/exe`).catch(() => "");
    if (exe !== BINARY && !/^WebKit\w+Process$/.test(basename(exe))) continue;
    const environment = await readFile(`/proc/${name}/environ`, "latin1").catch(() => "");
    const rollup = await readFile(`/proc/${name}/smaps_rollup`, "latin1").catch(() => "");
    if (!environment.includes(home.folder)) continue;
    const of = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0);
    const kilobytes = of("Pss") - of("Pss_File");
    const part = exe === BINARY ? "program" : basename(exe);
    found[part] = (found[part] ?? 0) + kilobytes / 1024;
  }
  return { ...found, all: Object.values(found).reduce((sum, part) => sum + part, 0) };
}

/** JavaScriptCore collects all of its heap each time, and says how much is left (its options are variables of the environment). */
export const COLLECTING = { JSC_useGenerationalGC: "0", JSC_logGC: "1" };

/** What the page's script has held at its latest collection, MB; of a window with {@link COLLECTING}. */
export async function heldByScript(home) {
  const log = await readFile(join(ARTIFACTS, `${home.name}.log`), "latin1");
  return Number([...log.matchAll(/=> (\d+)kb/g)].at(-1)?.[1] ?? NaN) / 1024;
}
