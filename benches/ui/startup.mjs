// From the start of the process to the first picture that can be used.
import { testId } from "../../tests/e2e/webdriver.mjs";
import { Window } from "../../tests/e2e/window.mjs";
import { median } from "./figures.mjs";
import { startedAt } from "./ground.mjs";
import { inPage, paints } from "./probes.mjs";

const STARTS = 5;
const PAINTED_MS = 500;

/** Starts the window of `home` five times. `what` tells what is in it, `usable` what can be clicked once it is there. */
export async function measureStartup(report, home, what, usable) {
  const [page, paint] = [[], []];
  for (let at = 0; at < STARTS; at += 1) {
    const window = await Window.open(home);
    try {
      await window.page.until(usable, () => window.page.has(testId(usable)));
      const { origin, first } = await inPage(window.page, paints);
      if (first === null) throw new Error("this WebKit does not tell its first paint");
      const started = await startedAt(await window.pid());
      page.push(origin - started);
      paint.push(origin + first - started);
    } finally {
      await window.close();
    }
  }
  report.add({
    what: `start to first content, ${what}`,
    value: median(paint),
    unit: "ms",
    budget: PAINTED_MS,
    beside: `${Math.round(median(page))} ms of it before the page`,
    samples: { paint, page },
  });
}
