// A page of one word in WebKitGTK's own browser: how soon anything can be seen at all on this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readdir } from "node:fs/promises";
import { createServer } from "node:http";

import { startedAt } from "./ground.mjs";

/** Tells the server when it began and when it was painted. `performance.timeOrigin` is ms since the epoch. */
const PAGE = `<!doctype html><title>Hello</title><p>Hello</p><script>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
    const [first] = performance.getEntriesByName("first-contentful-paint");
    fetch("/painted", { method: "POST", body: performance.timeOrigin + first.startTime });
  })));
</script>`;
const PATIENCE_MS = 20_000;

/** The browser that comes with WebKitGTK, if it is there. */
async function browser() {
  for (const folder of await readdir("/usr/lib")) {
    const path = `/usr/lib/${folder}/webkit2gtk-4.1/MiniBrowser`;
    if (await access(path).then(() => true, () => false)) return path;
  }
  return null;
}

/** How long after its start the browser has painted its page, ms; null where there is none. `home` is where it lives. */
export async function timeBrowser(home) {
  const path = await browser();
  if (path === null) return null;
  const server = createServer();
  const painted = new Promise((resolve, reject) => {
    setTimeout(reject, PATIENCE_MS, new Error(`${path} painted nothing`)).unref();
    server.on("request", (request, response) => {
      if (request.method !== "POST") return response.setHeader("content-type", "text/html").end(PAGE);
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => (response.end(), resolve(Number(body))));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const process = spawn(path, [`http://127.0.0.1:${server.address().port}/`], { env: home.environment(), stdio: "ignore" });
  const ended = once(process, "exit");
  try {
    const at = await painted;
    return at - (await startedAt(process.pid));
  } finally {
    process.kill();
    await ended;
    server.closeAllConnections();
    server.close();
  }
}
