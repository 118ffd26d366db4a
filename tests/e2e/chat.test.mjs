// What one does all day in a chat, in the real application: versions, the queue, a stream that breaks, finding things,
// drafts, figures, and what axe-core has to say about every section.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { engines, signal } from "./process.mjs";
import {
  answerDialog,
  answered,
  answerState,
  answerText,
  choose,
  endlessHere,
  limitAnswers,
  newChat,
  openLatestChat,
  press,
  say,
  stop,
  streaming,
} from "./steps.mjs";
import { Key, testId } from "./webdriver.mjs";
import { Home, Window } from "./window.mjs";

const AXE = new URL("../../ui/node_modules/axe-core/axe.min.js", import.meta.url);
const ANSWER = testId("message-assistant");
const SAID = testId("message-user");
/** Tokens of an answer that is over soon. */
const SHORT = 40;

describe("a day in the chat", () => {
  let home, window, page;
  before(async () => {
    home = await Home.create("chat");
    window = await Window.open(home);
    page = window.page;
    await endlessHere(page, home);
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  const count = async (css) => (await page.findAll(css)).length;
  const textOf = (css) => page.execute("return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())", css);
  const focusComposer = () => page.click(testId("composer"));
  const version = async () => (await textOf(`${testId("message-versions")} .num`)).at(-1) ?? "";
  const limited = async () => {
    await newChat(page);
    await limitAnswers(page, SHORT);
  };

  test("versions of an answer and of a question, and a chat that branches off", async () => {
    await limited();
    await say(page, "The first question.");
    const first = await answered(page);
    await press(page, ANSWER, "Answer again");
    await page.until("the second version", async () => (await version()) === "2 / 2");
    await answered(page);
    await press(page, ANSWER, "Previous version");
    await page.until("the first version", async () => (await version()) === "1 / 2");
    await page.until("its text", async () => (await answerText(page)) === first);
    await page.screenshot("versions");

    await focusComposer();
    await page.keys(Key.Up);
    await page.until("the editor of the question", () => page.has(testId("message-editor")));
    await page.keys(Key.Control, "a");
    await page.type(`${testId("message-editor")} textarea`, "The question, put better.");
    await page.keys(Key.Enter);
    await page.until("the new question", async () => (await textOf(SAID)).at(-1).includes("put better"));
    await answered(page);
    assert.deepEqual(await textOf(`${SAID} ${testId("message-versions")} .num`), ["2 / 2"]);

    const chats = await count(testId("session-row"));
    const said = await answerText(page);
    await press(page, ANSWER, "New chat from here");
    await page.until("one chat more", async () => (await count(testId("session-row"))) === chats + 1);
    await page.until("the same answer in it", async () => (await answerText(page)) === said);
  });

  test("messages wait while an answer is written: one is changed, one dropped, and after Stop sent by hand", async () => {
    await newChat(page);
    await say(page, "A long one.");
    await streaming(page, 50);
    for (const text of ["Then this.", "And that."]) {
      await page.type(testId("composer"), text);
      await page.keys(Key.Enter);
      await page.until(`"${text}" in the queue`, async () => (await textOf(testId("queued"))).some((one) => one.includes(text)));
    }
    await page.screenshot("queue");
    await press(page, testId("queued"), "Do not send it");
    await page.until("one that waits", async () => (await count(testId("queued"))) === 1);
    await press(page, testId("queued"), "Edit the waiting message");
    const editor = `${testId("queue")} ${testId("message-editor")}`;
    await page.click(`${editor} textarea`);
    await page.keys(Key.Control, "a");
    await page.type(`${editor} textarea`, "Then something else.");
    await page.keys(Key.Control, Key.Enter);
    await page.until("the changed message", async () => (await textOf(testId("queued")))[0]?.includes("something else"));
    await stop(page);
    await page.until("the button that sends it", () => page.has(testId("queue-send")));
    assert.equal(await count(SAID), 1, "nothing is sent by itself after Stop");
    await page.click(testId("queue-send"));
    await page.until("the message in the thread", async () => (await textOf(SAID)).at(-1).includes("something else"));
    await streaming(page, 20);
    assert.equal(await count(testId("queued")), 0);
    await stop(page);
  });

  test("Stop before the first word, a chat that is left while it is answered, and one that is deleted and brought back", async () => {
    await newChat(page);
    await say(page, "Stopped at once.");
    await page.keys(Key.Escape);
    await page.until("an end", async () => ["stopped", "complete"].includes(await answerState(page)));

    await newChat(page);
    await say(page, "Left alone for a while.");
    await streaming(page, 50);
    const seen = (await answerText(page)).slice(0, 40);
    await newChat(page);
    await sleep(300);
    await page.click(testId("session-row"));
    await streaming(page, 100);
    assert.ok((await answerText(page)).startsWith(seen), "the answer went on meanwhile");

    const chats = await count(testId("session-row"));
    await page.execute("document.querySelector(arguments[0]).focus()", testId("session-row"));
    await page.keys(Key.Delete);
    await page.until("one chat less", async () => (await count(testId("session-row"))) === chats - 1);
    await press(page, "body", "Undo");
    await page.until("the chat again", async () => (await count(testId("session-row"))) === chats);
    await page.click(testId("session-row"));
    await page.until("its answer", async () => (await answerText(page)).startsWith(seen));
    await page.screenshot("deleted-and-back");
    if ((await answerState(page)) === "streaming") await stop(page);
  });

  test("what was typed survives a crash", async () => {
    await limited();
    await say(page, "Something to come back to.");
    const answer = await answered(page);
    await page.type(testId("composer"), "A thought that is not finished");
    await sleep(1_000);
    await window.crash();
    window = await Window.open(home);
    page = window.page;
    await openLatestChat(page);
    await page.until("the answer", async () => (await answerText(page)) === answer);
    if (await page.has(testId("composer-connect"))) await page.click(testId("composer-connect"));
    const draft = () => page.execute("return document.querySelector(arguments[0])?.value ?? ''", testId("composer"));
    await page.until("the draft", async () => (await draft()) === "A thought that is not finished");
    await focusComposer();
    await page.keys(Key.Control, "a");
    await page.keys(Key.Delete);
  });

  test("search, find, the palette and the sheet of keys, by keyboard alone", async () => {
    const word = (await answerText(page)).match(/\p{L}{5,}/u)[0];
    await page.keys(Key.Control, Key.Shift, "f");
    await page.until("the cursor in the search", () => page.execute("return document.activeElement?.getAttribute('role') === 'searchbox'"));
    for (const letter of word) await page.keys(letter);
    await page.until("a hit", () => page.has(testId("search-hit")));
    await page.screenshot("search");
    await page.keys(Key.Enter);
    await page.until("the chat of the hit", async () => (await textOf(ANSWER)).some((one) => one.includes(word)));
    await page.keys(Key.Control, "f");
    await page.until("the bar that finds", () => page.has(testId("find-bar")));
    await page.until("a place", async () => /^1\D+\d/.test((await textOf(`${testId("find-bar")} .count`))[0] ?? ""));
    await page.screenshot("find");
    await page.keys(Key.Escape);
    await page.until("the bar's end", async () => !(await page.has(testId("find-bar"))));
    await page.keys(Key.Control, Key.Shift, "f");
    await page.keys(Key.Escape);
    await page.until("all chats again", () => page.has(testId("session-row")));

    const palette = async (words) => {
      await page.keys(Key.Control, "k");
      await page.until("the palette", () => page.has(testId("palette")));
      for (const letter of words) await page.keys(letter);
      await page.until("a line", () => page.has(testId("palette-line")));
      await sleep(200);
      await page.screenshot(`palette-${words.length}`);
      await page.keys(Key.Enter);
      await page.until("the palette's end", async () => !(await page.has(testId("palette"))));
    };
    await palette("long one");
    await page.until("the chat", async () => (await textOf(SAID))[0]?.includes("A long one."));
    await palette(">logs");
    await page.until("Logs", () => page.has('[data-testid="nav-logs"][aria-current]'));
    await page.keys(Key.Control, "/");
    await page.until("the sheet", () => page.has(testId("shortcut-sheet")));
    await page.screenshot("shortcuts");
    await page.keys(Key.Escape);
    await page.until("the sheet's end", async () => !(await page.has(testId("shortcut-sheet"))));
  });

  test("an engine that dies in mid-answer: the text stays, the hop is named, and it is continued", async () => {
    await page.click(testId("nav-chats"));
    await newChat(page);
    await say(page, "Until it breaks.");
    await streaming(page, 200);
    const kept = await answerText(page);
    for (const pid of await engines(home.folder)) signal(pid, "SIGKILL");
    await page.until("the failed answer", async () => (await answerState(page)) === "failed", { timeout: 30_000 });
    assert.ok((await answerText(page)).startsWith(kept.slice(0, 150)), "the text is kept");
    await page.until("the hops", () => page.has(testId("message-hops")));
    await page.screenshot("broken");
    const length = (await answerText(page)).length;
    await page.until("an answer that goes on", async () => {
      if ((await answerState(page)) === "failed") await page.click(testId("message-continue"), { timeout: 500 }).catch(() => undefined);
      await sleep(500);
      return (await answerState(page)) === "streaming" && (await answerText(page)).length > length + 50;
    }, { timeout: 60_000 });
    assert.ok((await answerText(page)).startsWith(kept.slice(0, 150)), "it goes on after what was there");
    await stop(page);
    await page.screenshot("continued");
  });

  test("Metrics counts the requests, and its file has a line for each", async () => {
    await page.click(testId("nav-metrics"));
    await page.until("the table", () => page.has(testId("metrics-models")));
    await page.until("the charts", async () => (await count(".uplot canvas")) >= 4);
    await page.screenshot("metrics");
    const path = join(home.folder, "requests.csv");
    await answerDialog(page, path);
    await page.click(testId("metrics-export"));
    const csv = await page.until("the file", () => readFile(path, "utf8").catch(() => ""));
    const lines = csv.trim().split("\n").length - 1;
    const shown = await page.execute(
      `const table = document.querySelector(arguments[0]);
       const at = [...table.querySelectorAll("thead th")].findIndex((head) => head.querySelector('[data-testid="metrics-sort-requests"]'));
       return [...table.querySelectorAll("tbody tr")].reduce((sum, row) => sum + Number(row.children[at].textContent.replace(/\\D/g, "")), 0);`,
      testId("metrics-models"),
    );
    assert.ok(lines >= 8, `${lines} requests`);
    assert.equal(lines, shown);
  });

  test("the window opens again with the section and the chat it was closed with", async () => {
    await openLatestChat(page);
    const answer = await answerText(page);
    await page.click(testId("nav-metrics"));
    await sleep(500);
    await window.close();
    window = await Window.open(home);
    page = window.page;
    await page.until("Metrics, as before", () => page.has('[data-testid="nav-metrics"][aria-current]'));
    await page.click(testId("nav-chats"));
    await page.until("the same chat", async () => (await answerText(page)) === answer);
  });

  for (const theme of ["light", "dark"]) {
    test(`axe-core finds nothing in any section, ${theme}`, async (t) => {
      const axe = await readFile(AXE, "utf8");
      await choose(page, { theme });
      const all = [];
      for (const section of ["chats", "servers", "metrics", "logs", "settings"]) {
        await page.click(testId(`nav-${section}`));
        await sleep(500);
        await page.execute(
          `${axe}
           window.axeFound = null;
           axe.run(document, { resultTypes: ["violations"] }).then(
             ({ violations }) => (window.axeFound = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => target.join(" ") + ": " + failureSummary).slice(0, 4) }))),
             (error) => (window.axeFound = [{ id: String(error), nodes: [] }]),
           );`,
        );
        const found = await page.until("what axe finds", () => page.execute("return window.axeFound"), { timeout: 30_000 });
        for (const one of found) all.push(`${section}: ${one.id}\n${one.nodes.join("\n")}`);
      }
      for (const one of all) t.diagnostic(one);
      assert.deepEqual(all, []);
    });
  }
});
