// Looks at every screen with axe-core in headless Chromium, in both themes: `node axe.mjs [FILTER]`. Needs
// `npm run dev` beside it, as the pictures do. Prints what it finds and ends with 1 if that is anything.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { launch, SCREENS, SIZES, walk } from "./screenshots.mjs";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const filter = new RegExp(process.argv[2] ?? "");
const browser = await launch();
/** Each finding once, with the first screen that has it. */
const found = new Set();

function tell(words, screen) {
  if (found.has(words)) return;
  found.add(words);
  process.stdout.write(`${words}\n  on ${screen}\n\n`);
}

for (const screen of SCREENS)
  for (const theme of ["light", "dark"]) {
    const name = `${screen.name}-${theme}`;
    if (!filter.test(name)) continue;
    // Without motion, so that no colour is caught on its way to another.
    const page = await browser.newPage({ viewport: screen.viewport ?? SIZES.wide, colorScheme: theme, reducedMotion: "reduce" });
    try {
      await walk(page, screen, "en");
      await page.evaluate(source);
      const violations = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
        // An open menu or list hangs in the body, above everything. It holds the focus until it closes: nobody looks
        // for it among the landmarks.
        const floats = ({ target }) => {
          const element = document.querySelector(target[0]);
          return element?.closest('[role="menu"], [role="listbox"]') ?? element?.querySelector('[role="menu"], [role="listbox"]');
        };
        const counts = (id, node) => id !== "region" || !floats(node);
        return violations.flatMap(({ id, help, nodes }) =>
          nodes.filter((node) => counts(id, node)).map(({ html, target, any }) => ({ id, help, html, target: target.join(" "), why: any[0]?.message ?? "" })),
        );
      });
      for (const { id, help, html, target, why } of violations) {
        const key = `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${target}${why ? `\n  ${why}` : ""}`;
        tell(key, name);
      }
    } catch (error) {
      tell(error.message.split("\n")[0], name);
    }
    await page.close();
  }
await browser.close();

process.stdout.write(`${found.size} findings\n`);
process.exitCode = found.size > 0 ? 1 : 0;
