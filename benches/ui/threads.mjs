// Opening conversations of three sizes, and scrolling one.
import { Key, testId } from "../../tests/e2e/webdriver.mjs";
import { median, quantile } from "./figures.mjs";
import { openSession, rowOf } from "./ground.mjs";
import { inPage, layFlat, scrollThrough, timeReading, watchOpening } from "./probes.mjs";
import { lastId, openedId, OPENINGS, REST, SIZES } from "./seed.mjs";

/** Budgets: for 1,000 messages; the other sizes are held to the same. */
const OPEN_MS = 150;
const NODES = 1_500;
const CLICK_MS = 50;
const FPS = 60;
const SCROLLED = 1_000;
/** Pixels a frame: a quick reader's wheel (eight screens a second), and a flick. */
const STEPS = { wheel: 100, flick: 400 };
/** Frames that are looked at. */
const FRAMES = 300;

/** Each conversation is opened once, by a real click: the second time the window has it already. */
export async function measureOpenings(report, page) {
  for (const size of SIZES) {
    const [openings, reading] = [[], []];
    for (let at = 0; at < OPENINGS; at += 1) {
      await openSession(page, REST);
      await page.until("the conversation before", () => page.has(`[data-message="${lastId(REST, 20)}"]`));
      const session = openedId(size, at);
      await inPage(page, watchOpening, rowOf(session), lastId(session, size));
      await page.click(rowOf(session));
      openings.push(await page.until(`${size} messages`, () => page.execute("return window.opening"), { timeout: 60_000 }));
      reading.push(await inPage(page, timeReading, session));
    }
    const of = (name) => median(openings.map((opening) => opening[name]));
    const what = `${size.toLocaleString("en")} messages`;
    report.add({
      what: `${what}: click to last message painted`,
      value: of("painted"),
      unit: "ms",
      budget: OPEN_MS,
      beside: `in the page after ${Math.round(of("inPage"))} ms; reading it from the backend alone ${Math.round(median(reading))} ms`,
      samples: { openings, reading },
    });
    report.add({ what: `${what}: click to the row marked`, value: of("answered"), unit: "ms", budget: CLICK_MS });
    report.add({ what: `${what}: longest block`, value: of("block"), unit: "ms" });
    report.add({ what: `${what}: elements of the window`, value: of("elements"), unit: "nodes", budget: NODES, beside: `${of("nodes")} with text and comments` });
  }
}

/** Scrolls a conversation of 1,000 messages, and beside it the same messages as a plain page. */
export async function measureScrolling(report, page) {
  await openSession(page, openedId(SCROLLED, 0));
  await page.until("the conversation", () => page.has(`[data-message="${lastId(openedId(SCROLLED, 0), SCROLLED)}"]`));
  for (const [name, step] of Object.entries(STEPS)) {
    await page.execute("document.querySelector(arguments[0]).focus()", testId("thread"));
    await page.keys(Key.Home);
    const gaps = await scroll(page, testId("thread"), step);
    await inPage(page, layFlat);
    const flat = await scroll(page, "#flat", step);
    await page.execute("document.getElementById('flat').remove()");
    const perSecond = (frames) => frames.length / (frames.reduce((sum, gap) => sum + gap, 0) / 1_000);
    report.add({
      what: `scrolling ${SCROLLED.toLocaleString("en")} messages, ${name}, drawn without a graphics card`,
      value: perSecond(gaps),
      unit: "fps",
      budget: name === "wheel" ? FPS : undefined,
      beside: `p95 ${Math.round(quantile(gaps, 0.95))} ms, ${step} pixels a frame; the same as a plain page ${Math.round(perSecond(flat))} fps`,
      samples: { gaps, flat },
    });
  }
}

/** The times between frames while `scroller` is scrolled. Longer than a driver waits for a script: it leaves its result behind. */
async function scroll(page, scroller, step) {
  const args = JSON.stringify([scroller, step, FRAMES]).slice(1, -1);
  await page.execute(`window.scrolled = undefined; (${scrollThrough})(${args}).then((gaps) => (window.scrolled = gaps))`);
  return page.until("the end of it", () => page.execute("return window.scrolled"), { timeout: 60_000, interval: 500 });
}
