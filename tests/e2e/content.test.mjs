// What a chat can hold, in the web view that draws it: formulas, diagrams, what is hostile, files that are dropped; and
// the window in every size.
import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { call } from "./steps.mjs";
import { Key, testId } from "./webdriver.mjs";
import { Home, Window } from "./window.mjs";

const ASSETS = new URL("../../ui/dist/assets/", import.meta.url).pathname;
/** Starts when it is loaded, as a thread of its own. */
const WORKER = /^pdf\.worker/;

const DIAGRAMS = ["graph TD\n  A[Start] --> B{Is it?}\n  B -- yes --> C[Done]", "sequenceDiagram\n  Ann->>Bob: Hello", "pie\n  \"a\": 3\n  \"b\": 5"];
const RICH = [
  "Inline $E = mc^2$, \\(a^2\\), but $5 and $6 are prices.\n\n$$\\int_0^1 x^2\\,dx = \\tfrac13$$",
  ...DIAGRAMS.map((one) => `\`\`\`mermaid\n${one}\n\`\`\``),
  "```rust\nfn main() {}\n```",
].join("\n\n");
const HOSTILE = [
  "<script>window.ran = 1</script> <img src=x onerror='window.ran = 2'>",
  "[a](javascript:window.ran=3) ![b](https://tracker.invalid/pixel.png)",
  "$\\href{javascript:window.ran=4}{x}$",
  '```mermaid\ngraph TD\n  A["<img src=x onerror=window.ran=5>"] --> B\n  click A call ran()\n```',
  "```mermaid\ngraph TD\n  A --[ nothing\n```",
].join("\n\n");

/** Where a word is counted and marked: long questions are folded, and not all that is written is drawn as words. */
const PLACES = [
  `${"line\n".repeat(60)}the last harbour`,
  'A har**bour**, a [harbour](https://harbour.invalid/harbour "harbour") and `harbour`\n\n```rust\nlet harbour = "harbour";\n```\n\n| harbour | b |\n|---|---|\n| 1 | $harbour$ |',
];
const PLACES_COUNTED = 7;

/** A chat as ChatGPT exports it: questions and answers in turn. */
function exported(title, said) {
  const mapping = { root: { id: "root", parent: null, children: ["m0"], message: null } };
  for (const [index, text] of said.entries()) {
    const author = { role: index % 2 === 0 ? "user" : "assistant" };
    const message = { id: `m${index}`, author, content: { content_type: "text", parts: [text] }, create_time: 1_790_000_000 + index };
    const children = index + 1 < said.length ? [`m${index + 1}`] : [];
    mapping[`m${index}`] = { id: `m${index}`, parent: index === 0 ? "root" : `m${index - 1}`, children, message };
  }
  return [{ title, conversation_id: title, create_time: 1_790_000_000, update_time: 1_790_000_100, current_node: `m${said.length - 1}`, mapping }];
}

/** A PDF of one page (ISO 32000-1, 7.5) with a line of text. */
function pdf(line) {
  const stream = `BT /F1 18 Tf 72 720 Td (${line}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let text = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = places.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  return Buffer.from(
    `${text}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`,
    "latin1",
  );
}

/** A red dot. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

describe("what a chat holds", () => {
  let home, window, page;
  before(async () => {
    home = await Home.create("content");
    window = await Window.open(home);
    page = window.page;
    await open("Rich", ["Show it.", RICH, "And this.", HOSTILE]);
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  async function open(title, said) {
    const file = join(home.folder, "conversations.json");
    await writeFile(file, JSON.stringify(exported(title, said)));
    await call(page, "import_start", { path: file });
    await page.until("the conversation", async () => (await call(page, "session_list", {})).some((one) => one.title === title));
    await page.refresh();
    await page.click(testId("nav-chats"));
    await page.until("its row", () => page.execute(
      "const row = [...document.querySelectorAll(arguments[0])].find((one) => one.textContent.includes(arguments[1])); row?.click(); return Boolean(row)",
      testId("session-row"),
      title,
    ));
    await page.until("its messages", () => page.execute(
      "return [...document.querySelectorAll(arguments[0])].some((one) => one.textContent.includes(arguments[1]))",
      testId("message-user"),
      said[0].slice(0, 8),
    ));
  }
  const drawn = (css) => page.execute(
    "return [...document.querySelectorAll(arguments[0])].filter((one) => one.complete === undefined || (one.complete && one.naturalWidth > 0)).length",
    css,
  );
  const scrollTo = (top) => page.execute(
    `const thread = document.querySelector('[data-testid="thread"]');
     thread.dispatchEvent(new WheelEvent("wheel", { deltaY: -1, bubbles: true }));
     thread.scrollTop = arguments[0];`,
    top,
  );
  const drop = (name, type, base64) => page.execute(
    `const [name, type, base64] = arguments;
     const transfer = new DataTransfer();
     transfer.items.add(new File([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))], name, { type }));
     const field = document.querySelector('[data-testid="composer"]');
     for (const kind of ["dragenter", "dragover", "drop"])
       field.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));`,
    name,
    type,
    base64,
  );

  test("every file of the program can be run here", async () => {
    const files = (await readdir(ASSETS)).filter((name) => /\.m?js$/.test(name) && !WORKER.test(name));
    assert.ok(files.length > 20, `${files.length} files`);
    await page.execute(
      `window.broken = null;
       Promise.all(arguments[0].map((name) => import("/assets/" + name).then(() => [], (error) => [name + ": " + error])))
         .then((all) => (window.broken = all.flat()));`,
      files,
    );
    assert.deepEqual(await page.until("all of them", () => page.execute("return window.broken"), { timeout: 60_000 }), []);
  });

  test("what is hostile is shown and does nothing", async () => {
    await page.until("the diagram that is none", () => page.execute("return /cannot be drawn/.test(document.body.textContent)"), { timeout: 30_000 });
    await page.until("the other one, as a picture", async () => (await drawn(".markdown img")) > 0, { timeout: 30_000 });
    await page.screenshot("content-hostile");
    assert.equal(await page.execute("return window.ran ?? null"), null);
    assert.equal(await page.execute("return document.querySelectorAll('.markdown script, .markdown [onerror], .markdown a[href^=javascript]').length"), 0);
    const fetched = await page.execute("return performance.getEntriesByType('resource').map((one) => one.name).filter((name) => name.includes('tracker'))");
    assert.deepEqual(fetched, []);
  });

  test("formulas, diagrams and code are drawn", async () => {
    await scrollTo(0);
    await page.until("formulas", async () => (await drawn(".katex")) >= 3);
    await page.until("diagrams", async () => (await drawn(".markdown img")) >= DIAGRAMS.length, { timeout: 30_000 });
    assert.ok(await page.execute("return document.body.textContent.includes('$5 and $6 are prices')"));
    await page.screenshot("content-rich");
  });

  test("what is copied can be pasted", async () => {
    // A real click: the clipboard is not for scripts.
    await page.click(`${testId("message-user")} [aria-label="Copy"]`);
    await page.click(testId("composer"));
    await page.keys(Key.Control, "v");
    const typed = () => page.execute("return document.querySelector('[data-testid=composer]').value");
    await page.until("the question", async () => ["Show it.", "And this."].includes(await typed()));
    await page.keys(Key.Control, "a");
    await page.keys(Key.Delete);
  });

  test("a PDF and a picture that are dropped are attached, and a damaged PDF says so", async () => {
    await drop("report.pdf", "application/pdf", pdf("The slipway was rebuilt in 1962.").toString("base64"));
    await drop("dot.png", "image/png", PNG);
    await drop("broken.pdf", "application/pdf", Buffer.from("%PDF-1.4 nothing").toString("base64"));
    const said = () => page.execute("return document.querySelector(arguments[0])?.textContent ?? ''", testId("composer-files"));
    await page.until("all three", async () => {
      const words = (await said()).replaceAll(/\s+/g, " ");
      return ["report.pdf", "about 8 tokens", "dot.png", "it is damaged"].every((one) => words.includes(one));
    }, { timeout: 20_000 });
    await page.screenshot("content-files");
  });

  test("nothing is cut off at any zoom", async () => {
    const sizes = () => page.execute("return [innerWidth, document.documentElement.scrollWidth, document.documentElement.scrollHeight - innerHeight]");
    for (const [key, times] of [["-", 6], ["+", 11]]) {
      for (let step = 0; step < times; step += 1) {
        await page.keys(Key.Control, key);
        const [width, needed, below] = await sizes();
        // Sizes are rounded.
        assert.ok(needed <= width + 1 && below <= 1, `${needed} of ${width} pixels, ${below} below`);
      }
      await page.screenshot(`content-zoom${key}`);
    }
    assert.equal((await sizes())[0], 720, "twice as large, half as much of it");
    await page.keys(Key.Control, "0");
    await page.until("the usual size", async () => (await sizes())[0] === 1440);
  });

  test("find counts what it marks, unfolds what it leads to, and brings each place into view", async () => {
    await open("Places", PLACES);
    await page.keys(Key.Control, "f");
    await page.until("the bar", () => page.has(testId("find-bar")));
    for (const letter of "harbour") await page.keys(letter);
    const count = () => page.execute("return document.querySelector(arguments[0])?.textContent", `${testId("find-bar")} .count`);
    const seen = () => page.execute(
      `const [range] = CSS.highlights.get("found-present") ?? [];
       const at = range?.getBoundingClientRect();
       const view = document.querySelector('[data-testid="thread"]').getBoundingClientRect();
       return at && at.height > 0 && at.top >= view.top && at.bottom <= view.bottom ? range.toString() : null;`,
    );
    for (let place = 1; place <= PLACES_COUNTED; place += 1) {
      await page.until(`place ${place}`, async () => (await count()) === `${place} of ${PLACES_COUNTED}`);
      await page.until(`place ${place} in view`, async () => (await seen()) === "harbour");
      if (place === PLACES_COUNTED) await page.screenshot("content-places");
      await page.keys(Key.Enter);
    }
    await page.until("the first again", async () => (await count()) === `1 of ${PLACES_COUNTED}`);
    assert.equal(await page.execute("return CSS.highlights.get('found').size"), PLACES_COUNTED);
    await page.keys(Key.Escape);
  });

  test("a menu of the list lies above it in a small window", async () => {
    await page.resize(900, 600);
    await page.until("the list's end", async () => !(await page.has(testId("session-row"))));
    await page.keys(Key.Control, "b");
    await page.until("the list", () => page.has(testId("session-row")));
    await page.execute("document.querySelector(arguments[0]).focus()", testId("session-row"));
    await page.click(testId("session-menu"));
    await page.until("the menu", () => page.has('[role="menu"]'));
    await page.screenshot("content-drawer");
    const above = await page.execute(
      `return [...document.querySelectorAll('[role="menuitem"]')].every((item) => {
         const { left, top, width, height } = item.getBoundingClientRect();
         return item.contains(document.elementFromPoint(left + width / 2, top + height / 2));
       });`,
    );
    assert.ok(above, "each of its lines can be clicked");
  });
});
