// Keys while nothing happens, and while four answers are being written; and what 100,000 tokens leave behind.
import { setTimeout as sleep } from "node:timers/promises";

import { Key, testId } from "../../tests/e2e/webdriver.mjs";
import { median, quantile, short } from "./figures.mjs";
import { heldByScript, makeComparisons, memory, openComparison } from "./ground.mjs";
import { inPage, watchKeys } from "./probes.mjs";

const KEY_MS = 16;
const KEYS = 200;
/** Tokens per second of each of four answers, and more of them than the keys take. */
const RATE = 100;
const TOKENS = 20_000;
/** 250,000 tokens in rounds of four answers, after some that fill the caches and compile the page's code. */
const ROUNDS = 20;
const WARM_UP = 6;
/** So many in one comparison, before the next one is opened. */
const ROUNDS_EACH = 4;
const ROUND_TOKENS = 3_125;
const ROUND_RATE = 800;
/** The web engine frees late, all at once: what so many rounds have at least is what is held. */
const WINDOW = 7;
const PAUSE_MS = 3_000;

const COMPOSER = testId("compare-composer");
const WORKING = 'section[data-testid^="column-"]:is([data-state="writing"], [data-state="waiting"], [data-state="stopping"])';

async function ask(page, text) {
  await page.type(COMPOSER, text);
  await page.until("columns that take it", () => page.has(testId("compare-send", ":enabled")), { timeout: 30_000 });
  await page.keys(Key.Enter);
}

async function typeKeys(page) {
  await page.click(COMPOSER);
  await inPage(page, watchKeys, COMPOSER);
  const letters = "the quick brown fox jumps over the lazy dog ";
  for (let at = 0; at < KEYS; at += 1) await page.keys(letters[at % letters.length]);
  const keys = await page.until("the last key", async () => {
    const seen = await page.execute("return window.keys");
    return seen.length >= KEYS && seen;
  }, { timeout: 30_000 });
  await page.execute("document.querySelector(arguments[0]).select()", COMPOSER);
  return keys;
}

function tell(report, what, keys, budget) {
  for (const [name, words, most] of [["handled", "key to its handlers done", budget], ["painted", "key to painted"]]) {
    const samples = keys.map((key) => key[name]);
    report.add({
      what: `${words}, ${what}`,
      value: quantile(samples, 0.95),
      unit: "ms",
      budget: most,
      beside: `p95 of ${samples.length}; median ${short(median(samples))} ms, worst ${short(Math.max(...samples))} ms`,
      samples,
    });
  }
}

/**
 * The budget is for what a key waits before it is handled. Its picture is waited for at rest too, a frame of the screen and
 * the drawing of it: the same keys at rest stand beside it.
 */
export async function measureTyping(report, page) {
  await openComparison(page, ...(await makeComparisons(page, 1)));
  tell(report, "nothing else going on", await typeKeys(page));
  await ask(page, `tokens=${TOKENS} rate=${RATE}`);
  await page.until("four answers", async () => (await page.findAll('section[data-testid^="column-"][data-state="writing"]')).length === 4, {
    timeout: 30_000,
  });
  await sleep(3_000);
  const keys = await typeKeys(page);
  const writing = (await page.findAll('section[data-testid^="column-"][data-state="writing"]')).length;
  if (writing !== 4) throw new Error(`only ${writing} answers were being written while the keys came`);
  tell(report, "four answers at 100 tokens/s", keys, KEY_MS);
  await page.keys(Key.Escape);
  await page.until("the end of the answers", async () => !(await page.has(WORKING)), { timeout: 20_000 });
}

/** Memory before and after many tokens, as on a day of one comparison after the other. */
export async function measureMemory(report, page, home) {
  const after = [];
  const sessions = await makeComparisons(page, Math.ceil((WARM_UP + ROUNDS) / ROUNDS_EACH));
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    if (round % ROUNDS_EACH === 0) await openComparison(page, sessions[round / ROUNDS_EACH]);
    await ask(page, `tokens=${ROUND_TOKENS} rate=${ROUND_RATE}`);
    await page.until("its beginning", () => page.has(WORKING));
    await page.until("its end", async () => !(await page.has(WORKING)), { timeout: 120_000, interval: 250 });
    await sleep(PAUSE_MS);
    after.push({ ...(await memory(home)), script: await heldByScript(home) });
  }
  const rounds = after.slice(WARM_UP);
  const least = (part) => part.reduce((one, other) => (other.all < one.all ? other : one));
  const [first, last] = [least(rounds.slice(0, WINDOW)), least(rounds.slice(-WINDOW))];
  const tokens = `${(ROUNDS * 4 * ROUND_TOKENS).toLocaleString("en")} streamed tokens`;
  const held = [rounds.slice(0, WINDOW), rounds.slice(-WINDOW)].map((part) => median(part.map(({ script }) => script)));
  report.add({
    what: `held by the page's script after collecting, gained over ${tokens}`,
    value: held[1] - held[0],
    unit: "MB",
    beside: `median of ${WINDOW} rounds: ${held[0].toFixed(1)}, then ${held[1].toFixed(1)} MB`,
  });
  report.add({
    what: `memory of all processes gained over ${tokens}`,
    value: last.all - first.all,
    unit: "MB",
    beside: `least of ${WINDOW} rounds: ${short(first.all)}, then ${short(last.all)} MB; of it the page ${short(first.WebKitWebProcess)} and ${short(last.WebKitWebProcess)} MB; most ${short(Math.max(...rounds.map(({ all }) => all)))} MB`,
    samples: after,
  });
}
