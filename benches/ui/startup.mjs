// From the start of the process to the first picture that can be used.
import { testId } from "../../tests/e2e/webdriver.mjs";
import { Window } from "../../tests/e2e/window.mjs";
import { timeBrowser } from "./browser.mjs";
import { median } from "./figures.mjs";
import { startedAt } from "./ground.mjs";
import { inPage, paints } from "./probes.mjs";

const STARTS = 5;
const PAINTED_MS = 500;

/** Starts the window of `home` five times. `what` tells what is in it, `usable` what can be clicked once it is there. */
export async function measureStartup(report, home, what, usable) {
  const [page, paint, content, hello] = [[], [], [], []];
  for (let at = 0; at < STARTS; at += 1) {
    const window = await Window.open(home);
    try {
      await window.page.until(usable, () => window.page.has(testId(usable)));
      const { origin, first, whole } = await window.page.until("the first picture", async () => {
        const times = await inPage(window.page, paints);
        return times.whole === null ? undefined : times;
      });
      if (first === null) throw new Error("this WebKit does not tell its first paint");
      const started = await startedAt(await window.pid());
      page.push(origin - started);
      paint.push(origin + first - started);
      content.push(origin + whole - started);
    } finally {
      await window.close();
    }
    // In turn with it: both see the same machine.
    const took = await timeBrowser(home);
    if (took !== null) hello.push(took);
  }
  const floor = hello.length > 0 ? `; a page of one word in WebKitGTK's own browser ${Math.round(median(hello))} ms` : "";
  report.add({
    what: `start to first paint, ${what}`,
    value: median(paint),
    unit: "ms",
    budget: PAINTED_MS,
    beside: `${Math.round(median(page))} ms of it before the page${floor}`,
    samples: { paint, page, hello },
  });
  report.add({ what: `start to its content painted, ${what}`, value: median(content), unit: "ms", samples: { content } });
}
