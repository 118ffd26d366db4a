// From the first window to an answer, in the real application: this computer, a server over SSH,
// Stop, a reload and a crash in mid-answer. Run by scripts/e2e.sh.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startSshd } from "./sshd.mjs";
import * as person from "./steps.mjs";
import { addServer, answered, answerText, deploy, say, streaming, trust } from "./steps.mjs";
import { testId } from "./webdriver.mjs";
import { Home, Window } from "./window.mjs";

/** The window's own promise: First run to a first answer. */
const FIRST_ANSWER_MS = 30_000;
/** Stop frees the engine and ends the answer within this time. */
const STOP_MS = 1_000;
/** What a crash may lose: the text of the last second. */
const FLUSH_MS = 1_000;

describe("the first window", () => {
  for (const language of ["en", "ru"]) {
    for (const theme of ["light", "dark"]) {
      test(`speaks ${language} and is ${theme} where the system is`, async () => {
        const home = await Home.create("first-run");
        const window = await Window.open(home, { language, theme });
        try {
          await window.page.until("both doors", () => window.page.has(testId("first-run-local")));
          assert.equal(await window.page.execute("return document.documentElement.lang"), language);
          assert.equal(await window.page.execute("return matchMedia('(prefers-color-scheme: dark)').matches"), theme === "dark");
          await window.page.screenshot(`first-run-${language}-${theme}`);
        } finally {
          await window.close();
          await home.remove();
        }
      });
    }
  }
});

describe("this computer", () => {
  let home, window, page;
  before(async () => {
    home = await Home.create("local");
    window = await Window.open(home);
    page = window.page;
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  test("three clicks lead from the first window to a streamed answer", async (t) => {
    await page.click(testId("first-run-local"));
    await deploy(page);
    await page.screenshot("deployed");
    await page.click(testId("deploy-chat-now"));
    await say(page, "Tell me something.");
    const answer = await answered(page);
    const elapsed = performance.now() - window.shownAt;
    t.diagnostic(`from the window to the end of the first answer: ${Math.round(elapsed)} ms`);
    assert.ok(answer.trim().length > 0);
    assert.ok(elapsed < FIRST_ANSWER_MS, `took ${Math.round(elapsed)} ms`);
    assert.ok((await page.text(testId("message-user"))).includes("Tell me something."));
    await page.screenshot("chat");
  });

  for (const language of ["en", "ru"]) {
    for (const theme of ["light", "dark"]) {
      test(`every section in ${language}, ${theme}`, async () => {
        await person.choose(page, { language, theme });
        await page.until(`the language ${language}`, () => page.execute("return document.documentElement.lang === arguments[0]", language));
        for (const section of ["chats", "servers", "logs", "settings"]) {
          await page.click(testId(`nav-${section}`));
          await page.screenshot(`${section}-${language}-${theme}`);
        }
      });
    }
  }
});

describe("a server over SSH", () => {
  let home, sshd, window, page;
  before(async () => {
    home = await Home.create("ssh");
    sshd = await startSshd(home);
    window = await Window.open(home);
    page = window.page;
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  test("an address, a host key to confirm, a deploy, an answer", async () => {
    await addServer(page, sshd);
    await page.screenshot("ssh-host-key");
    await trust(page);
    await page.screenshot("ssh-plan");
    await deploy(page);
    await page.screenshot("ssh-deployed");
    await page.click(testId("deploy-chat-now"));
    await say(page, "Tell me something.");
    assert.ok((await answered(page)).trim().length > 0);
    await page.screenshot("ssh-chat");
  });

  test("another model, its versions and the engine's log, and back to the model before", async (t) => {
    const model = await person.endlessModel(home);
    await person.openServer(page, "127.0.0.1");
    await page.click(testId("server-menu-127.0.0.1"));
    await page.click(testId("server-deploy"));
    await page.click(testId("deploy-source-host_path"));
    await page.type(testId("deploy-host-path"), model);
    await person.checked(page);
    assert.match(await page.text(testId("fit")), /[MG]B/, "the plan says what the model needs");
    await page.screenshot("ssh-plan-model");
    await deploy(page);
    await person.openServer(page, "127.0.0.1");
    await page.until("what the host is busy with", () => page.has(testId("host-gauges")), { timeout: 30_000 });
    // What comes later moves the button that is clicked next.
    const current = () => page.text('[data-testid="versions"] [data-role="current"]');
    await page.until("the new version", async () => (await current()).includes("endless"), { timeout: 20_000 });
    await page.click(testId("engine-log-toggle"));
    // Its lines lie below the window's edge, where WebDriver sees no text.
    const log = () => page.execute("return document.querySelector(arguments[0])?.textContent ?? ''", testId("engine-log-lines"));
    await page.until("the engine's own words", async () => /slot|model|server/i.test(await log()), { timeout: 20_000 });
    await page.screenshot("ssh-host");
    const began = performance.now();
    await page.click(testId("version-back"));
    await page.click(testId("rollback-dialog-confirm"));
    await page.until("the version before", async () => (await current()).includes("practice"), { timeout: 30_000 });
    t.diagnostic(`back after ${Math.round(performance.now() - began)} ms`);
    await page.screenshot("ssh-rolled-back");
    await page.click(testId("nav-chats"));
    await say(page, "Which one are you?");
    assert.ok((await answered(page)).trim().length > 0);
  });

  test("a lost connection is shown and heals by itself", async (t) => {
    const status = () => page.text(testId("status-bar"));
    await sshd.stop();
    const lost = performance.now();
    await page.until("the loss in the status bar", async () => /reconnect/i.test(await status()), { timeout: 40_000 });
    t.diagnostic(`shown after ${Math.round(performance.now() - lost)} ms`);
    await page.screenshot("ssh-reconnecting");
    await sshd.start();
    await say(page, "Are you back?");
    assert.ok((await answered(page)).trim().length > 0);
  });
});

describe("an answer that does not end by itself", () => {
  let home, sshd, window, page;
  before(async () => {
    home = await Home.create("endless");
    sshd = await startSshd(home);
    const model = await person.endlessModel(home);
    window = await Window.open(home);
    page = window.page;
    await addServer(page, sshd);
    await trust(page);
    await page.click(testId("deploy-source-host_path"));
    await page.type(testId("deploy-host-path"), model);
    await page.type('input[id$="-context"]', "32768");
    await deploy(page);
    await page.click(testId("deploy-chat-now"));
  });
  after(async () => {
    await window?.close();
    await home?.remove();
  });

  test("Stop ends it within a second and keeps what came", async (t) => {
    await say(page, "Never stop.");
    await streaming(page, 200);
    const before = await answerText(page);
    await page.screenshot("streaming");
    const took = await person.stop(page);
    t.diagnostic(`stopped after ${Math.round(took)} ms`);
    assert.ok(took < STOP_MS, `took ${Math.round(took)} ms`);
    const kept = await answerText(page);
    assert.ok(kept.startsWith(before.slice(0, 150)), "the text that came is kept");
    await page.screenshot("stopped");
    await sleep(300);
    assert.equal(await answerText(page), kept, "nothing comes after Stop");
  });

  test("a reload in mid-answer misses nothing", async () => {
    await person.newChat(page);
    await say(page, "Never stop, again.");
    await streaming(page, 200);
    const before = await answerText(page);
    await page.refresh();
    await person.openLatestChat(page);
    await streaming(page, before.length + 100);
    const now = await answerText(page);
    assert.ok(now.startsWith(before.slice(0, 150)), "the answer goes on where it was");
    await person.stop(page);
  });

  test("a crash in mid-answer loses at most a second of text", async (t) => {
    await person.newChat(page);
    await say(page, "Never stop, once more.");
    await streaming(page, 50);
    // What had come a second before the crash has to be there afterwards.
    const seen = [];
    for (const end = performance.now() + 2_500; performance.now() < end; await sleep(50)) {
      seen.push({ at: performance.now(), text: await answerText(page) });
    }
    const crashed = performance.now();
    await window.crash();
    const due = seen.findLast(({ at }) => at <= crashed - FLUSH_MS).text;
    assert.ok(due.length > 0);

    window = await Window.open(home);
    page = window.page;
    await person.openLatestChat(page);
    const kept = await answered(page, "interrupted");
    t.diagnostic(`${kept.length} characters kept, ${due.length} were due, ${seen.at(-1).text.length} were shown`);
    assert.ok(kept.startsWith(due.slice(0, 150)) && kept.length >= due.length);
    await page.screenshot("interrupted");
  });
});
