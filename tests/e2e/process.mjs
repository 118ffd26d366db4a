// Processes that a journey starts: found by the private folder in their environment, ended by pid.
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A TCP port of 127.0.0.1 that nobody uses now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The pids of all processes, this one left out, that `matches(pid)` takes. */
async function pids(matches) {
  const found = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if (await matches(pid).catch(() => false)) found.push(pid);
  }
  return found;
}

/** The pids of the processes that run the program at `path` with `folder` in their environment. */
export function runningProgram(path, folder) {
  return pids(async (pid) => (await readlink(`/proc/${pid}/exe`)) === path && (await environment(pid)).includes(folder));
}

/** The engines that were started below `folder`: what runs the model there, not what keeps it running. */
export function engines(folder) {
  return pids(async (pid) => {
    const line = (await readFile(`/proc/${pid}/cmdline`, "latin1")).replaceAll("\0", " ");
    return line.includes(folder) && / serve /.test(line);
  });
}

async function environment(pid) {
  return readFile(`/proc/${pid}/environ`, "latin1");
}

async function isOver(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  // A zombie is over too: whoever should reap it may take its time.
  return stat === undefined || /\) Z /.test(stat);
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/**
 * Ends every process that was started with `folder` in its environment, also those that left their
 * parent to live on (the deployed engine): SIGTERM, after two seconds SIGKILL.
 */
export async function endAll(folder) {
  const mine = () => pids(async (pid) => (await environment(pid)).includes(folder) && !(await isOver(pid)));
  for (const name of ["SIGTERM", "SIGKILL"]) {
    for (const pid of await mine()) signal(pid, name);
    for (let waited = 0; waited < 2_000 && (await mine()).length > 0; waited += 50) await sleep(50);
  }
}

/** Ends a process and everything below it at once. sshd rewrites its environment, so only this finds it. */
export async function endTree(root) {
  const children = new Map();
  for (const pid of await pids(async () => true)) {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
    // The command may hold spaces and brackets: the fields begin after the last one.
    const parent = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const end = (pid) => {
    signal(pid, "SIGKILL");
    for (const child of children.get(pid) ?? []) end(child);
  };
  end(root);
}

/** Waits until `ask` gives something, or fails with `what` after `timeout` ms. */
export async function eventually(what, ask, timeout = 10_000) {
  const end = performance.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`${what} did not come within ${timeout} ms`);
    await sleep(50);
  }
}
