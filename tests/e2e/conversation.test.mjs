// Several models in one window: two that talk to each other through Stop and a crash, and two side by side.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { call, endlessHere, fill } from "./steps.mjs";
import { Key, testId } from "./webdriver.mjs";
import { Home, Window } from "./window.mjs";

const TURNS = 10;
/** Enough for a turn that can be stopped in the middle, little enough that ten of them fit the context. */
const TURN_TOKENS = 700;
const LONG_MS = 60_000;

/** Turns as the page shows them: who spoke, what, and in which state. */
function turns(page) {
  return page.execute(
    `return [...document.querySelectorAll('[data-testid^="turn-"][data-speaker]')].map((turn) => ({
       turn: Number(turn.dataset.testid.slice(5)),
       speaker: Number(turn.dataset.speaker),
       name: turn.querySelector("b").textContent,
       text: turn.querySelector(".markdown")?.textContent ?? "",
       state: turn.querySelector('[data-testid="message-assistant"]')?.dataset.state,
     }));`,
  );
}

function barState(page) {
  return page.attribute(testId("turn-bar"), "data-state");
}

describe("two models among themselves", () => {
  let home, window, page;
  before(async () => {
    home = await Home.create("conversation");
    window = await Window.open(home);
    page = window.page;
    await endlessHere(page, home);
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  let before5;

  test("speak in turn, and Stop in mid-sentence keeps what was said", async () => {
    await page.click(testId("mode-conversation"));
    await page.until("the page that sets it up", () => page.has(testId("conversation-setup")));
    await page.execute("for (const part of document.querySelectorAll('[data-testid^=participant-] details')) part.open = true");
    for (const index of [0, 1]) await fill(page, testId(`participant-sampling-${index}-max_tokens`), TURN_TOKENS);
    await fill(page, testId("rules-turns"), TURNS);
    await page.screenshot("conversation-setup");
    await page.click(testId("conversation-start"));
    await page.until("the fifth turn being written", async () => {
      const last = (await turns(page)).at(-1);
      return last?.turn >= 5 && last.state === "streaming" && last.text.length > 5;
    }, { timeout: LONG_MS, interval: 20 });
    await page.click(testId("turn-stop"));
    await page.until("the pause", async () => (await barState(page)) === "paused");
    before5 = await turns(page);
    assert.ok(before5.at(-1).text.length > 5, "the text that came is kept");
    assert.notEqual(before5.at(-1).state, "streaming");
    await page.screenshot("conversation-stopped");
  });

  test("are there again after a crash, word for word", async () => {
    await window.crash();
    window = await Window.open(home);
    page = window.page;
    await page.click(testId("nav-chats"));
    await page.until("the conversations", () => page.has(testId("session-row")));
    if (!(await page.has(testId("turn-bar")))) await page.click(testId("session-row"));
    await page.until("all turns", async () => (await turns(page)).length === before5.length);
    assert.deepEqual(
      (await turns(page)).map(({ speaker, text }) => ({ speaker, text })),
      before5.map(({ speaker, text }) => ({ speaker, text })),
    );
    assert.equal(await barState(page), "paused");
    await page.screenshot("conversation-after-crash");
  });

  test("run on until ten turns are done, and take turns", async () => {
    await call(page, "connect_start", { host_id: "local" });
    const isUp = async () => (await call(page, "snapshot", {})).connections.some(({ state }) => state === "connected");
    await page.until("the connection", isUp, { timeout: 30_000 });
    await page.click(testId("turn-run"));
    await page.until("the end", async () => (await barState(page)) === "finished", { timeout: LONG_MS });
    // Only the turns near the window are drawn.
    const all = await turns(page);
    assert.ok(all.at(-1).turn >= TURNS, `the last turn is ${all.at(-1).turn}`);
    const last = all.slice(-2).map(({ speaker }) => speaker);
    assert.notEqual(last[0], last[1], "they take turns");
    assert.equal(new Set(all.map(({ name }) => name)).size, 2, "each is named");
    assert.ok(all.every(({ text }) => text.trim().length > 0));
    await page.screenshot("conversation-finished");
  });

  test("are told apart in the file that is exported", async () => {
    const [session] = await call(page, "session_list", {});
    const path = join(home.folder, "talk.md");
    await call(page, "export_start", { session_ids: [session.id], format: "markdown", path });
    const text = await page.until("the file", () => readFile(path, "utf8").catch(() => ""), { timeout: 20_000 });
    const all = await turns(page);
    let from = 0;
    for (const { name, text: said } of all) {
      const at = text.indexOf(name, from);
      assert.ok(at >= 0, `${name} speaks in the file`);
      const words = said.trim().slice(0, 20);
      const found = text.indexOf(words, at);
      assert.ok(found > at, `what ${name} said stands below the name: ${words}`);
      from = found;
    }
  });
});

describe("two models side by side", () => {
  let home, window, page;
  before(async () => {
    home = await Home.create("compare");
    window = await Window.open(home);
    page = window.page;
    await endlessHere(page, home);
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  const column = (index, more = "") => testId(`column-${index}`, more);
  const said = (index) => page.execute("return document.querySelector(arguments[0])?.querySelector('.markdown')?.textContent ?? ''", column(index));

  test("answer at once; one is stopped, the other goes on and is taken", async () => {
    await page.click(testId("mode-compare"));
    await page.type(testId("compare-composer"), "Which one of you?");
    await page.click(testId("compare-send"));
    await page.until("both writing", async () => (await said(0)).length > 30 && (await said(1)).length > 30, { timeout: 30_000 });
    await page.screenshot("compare-writing");
    await page.click(`${column(0)} ${testId("column-stop")}`);
    await page.until("the first one's end", () => page.has(column(0, '[data-state="stopped"]')));
    const [kept, length] = [await said(0), (await said(1)).length];
    await page.until("more of the other", async () => (await said(1)).length > length + 30);
    assert.equal(await said(0), kept, "what was stopped stays as it was");
    await page.screenshot("compare-one-stopped");
    await page.keys(Key.Control, ".");
    await page.click(`${column(1)} ${testId("column-stop")}`).catch(() => undefined);
    await page.click(`${column(1)} ${testId("column-take")}`);
    await page.until("a chat of its own", async () => !(await page.has(testId("compare-columns"))) && (await page.has(testId("message-assistant"))));
    await page.screenshot("compare-taken");
  });
});
