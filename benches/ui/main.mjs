// Measures the real window: start, conversations, keys, search, memory. Run by scripts/bench_ui.sh; arguments
// name the parts to measure (startup, threads, search, typing, memory), all without any.
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";

import { testId } from "../../tests/e2e/webdriver.mjs";
import { BINARY, Home, Window } from "../../tests/e2e/window.mjs";
import { Report } from "./figures.mjs";
import { COLLECTING, deployStandIn, runTask } from "./ground.mjs";
import { measureSearch } from "./search.mjs";
import { MESSAGES, writeSeed } from "./seed.mjs";
import { measureStartup } from "./startup.mjs";
import { measureOpenings, measureScrolling } from "./threads.mjs";
import { measureMemory, measureTyping } from "./typing.mjs";

const OUT = new URL("../../target/bench/", import.meta.url).pathname;
const PARTS = ["startup", "threads", "search", "typing", "memory"];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(", ")}; there are ${PARTS.join(", ")}`);
  process.exit(2);
}
const measures = (...parts) => wanted.length === 0 || parts.some((part) => wanted.includes(part));

/** Fills the database of `home` through the window. */
async function fill(home) {
  const file = join(home.folder, "seed.json");
  const sessions = await writeSeed(file);
  const window = await Window.open(home);
  try {
    const from = performance.now();
    const { messages_added: added, skipped } = await runTask(window.page, "import_start", { path: file }, 300_000);
    if (added !== MESSAGES) throw new Error(`imported ${added} of ${MESSAGES} messages: ${JSON.stringify(skipped)}`);
    console.log(`imported ${added} messages in ${sessions} conversations in ${Math.round((performance.now() - from) / 100) / 10} s`);
    // The next start shows the section that this one showed.
    await window.page.refresh();
    await window.page.click(testId("nav-chats"));
    await window.page.until("the conversations", () => window.page.has(testId("session-row")));
  } finally {
    await window.close();
  }
}

/** Measures with a home of its own, which goes in the end whatever happens. */
async function inHome(name, measure) {
  const home = await Home.create(name);
  try {
    await measure(home);
  } finally {
    await home.remove();
  }
}

async function inWindow(home, measure, environment) {
  const window = await Window.open(home, { environment });
  let failed = true;
  try {
    await measure(window.page);
    failed = false;
  } finally {
    // A window that hangs must not hide why.
    await window.close().catch((error) => {
      if (!failed) throw error;
    });
  }
}

const report = new Report();
// Figures of a machine that is busy with something else say little.
const [load] = loadavg();
console.log(`${cpus().length} cores, load ${load.toFixed(1)}`);
if (measures("startup")) await inHome("bench-empty", (home) => measureStartup(report, home, "nothing in it", "first-run-local"));
await inHome("bench-full", async (home) => {
  if (measures("startup", "threads", "search")) await fill(home);
  if (measures("startup")) await measureStartup(report, home, `${MESSAGES.toLocaleString("en")} messages in it`, "session-row");
  if (measures("threads", "search")) {
    await inWindow(home, async (page) => {
      if (measures("threads")) await measureOpenings(report, page);
      if (measures("threads")) await measureScrolling(report, page);
      if (measures("search")) await measureSearch(report, page, home);
    });
  }
  // Windows of their own: what the ones before left in memory is not their doing.
  if (measures("typing")) {
    await inWindow(home, async (page) => {
      await deployStandIn(page);
      await measureTyping(report, page);
    });
  }
  if (measures("memory")) {
    const measure = async (page) => {
      await deployStandIn(page);
      await measureMemory(report, page, home);
    };
    await inWindow(home, measure, COLLECTING);
  }
});

await mkdir(OUT, { recursive: true });
const [{ model }] = cpus();
const machine = { processor: model, cores: cpus().length, memory_gb: Math.round(totalmem() / 2 ** 30), load_before: load };
await writeFile(join(OUT, "ui.json"), JSON.stringify({ at: new Date().toISOString(), window: BINARY, machine, figures: report }, null, 1));
console.log(`\n${report.table()}\n\nfigures and samples: target/bench/ui.json`);
