// Searching 100,000 messages, beside grep over the same as Markdown.
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { testId } from "../../tests/e2e/webdriver.mjs";
import { median, quantile, short } from "./figures.mjs";
import { runTask } from "./ground.mjs";
import { inPage, invoke, timeSearch, watchSearch } from "./probes.mjs";
import { MESSAGES, SEARCHED } from "./seed.mjs";

const run = promisify(execFile);
const SEARCH_MS = 50;
const TIMES = 20;
const TYPED = 5;
const GREPPED = 5;

/** Lines that hold all words, as one would look for them in a folder of text. */
async function grep(file, words) {
  const pipe = words.map((word, at) => `grep -i ${word}${at === 0 ? ` '${file}'` : ""}`).join(" | ");
  const took = [];
  for (let at = 0; at < GREPPED; at += 1) {
    const from = performance.now();
    await run("sh", ["-c", `${pipe} | wc -l`]);
    took.push(performance.now() - from);
  }
  return median(took);
}

async function typed(page, text) {
  const took = [];
  for (let at = 0; at < TYPED; at += 1) {
    await inPage(page, watchSearch, text.slice(0, -1));
    await page.keys(text.at(-1));
    took.push(await page.until("hits", () => page.execute("return window.found")));
    await page.click('[role="searchbox"] + button');
    await page.until("an empty search", async () => !(await page.has(testId("search-hit"))));
  }
  return took;
}

/** By the backend alone, and from the key to the hits on the screen (the window waits 80 ms for another key). */
export async function measureSearch(report, page, home) {
  await page.click(testId("nav-chats"));
  const markdown = join(home.folder, "all.md");
  const ids = (await inPage(page, invoke, "session_list", {})).map(({ id }) => id);
  await runTask(page, "export_start", { session_ids: ids, format: "markdown", path: markdown });
  const megabytes = Math.round((await stat(markdown)).size / 1e6);
  for (const [kind, all] of Object.entries(SEARCHED)) {
    for (let count = 1; count <= all.length; count += 1) {
      const words = all.slice(0, count);
      const samples = await inPage(page, timeSearch, words.join(" "), TIMES);
      const grepped = await grep(markdown, words);
      const painted = count === 1 ? await typed(page, words[0]) : [];
      report.add({
        what: `search ${MESSAGES.toLocaleString("en")} messages, ${count} ${kind} word${count > 1 ? "s" : ""}`,
        value: median(samples),
        unit: "ms",
        budget: SEARCH_MS,
        beside: `p95 ${short(quantile(samples, 0.95))} ms; grep over ${megabytes} MB ${short(grepped)} ms`,
        samples: { samples, grepped },
      });
      if (painted.length > 0)
        report.add({ what: `key to hits painted, 1 ${kind} word`, value: median(painted), unit: "ms", beside: "80 ms of it wait for another key", samples: painted });
    }
  }
}
