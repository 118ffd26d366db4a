// What a person does in the window, in the person's words.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { Key, testId } from "./webdriver.mjs";

const run = promisify(execFile);
const ROOT = new URL("../../", import.meta.url).pathname;

/** From First run to the question about the host key of the server at `sshd`. */
export async function addServer(page, sshd) {
  await page.type(testId("first-run-address"), sshd.address);
  await page.click(testId("first-run-continue"));
  await page.until("the question about the host key", () => page.has(testId("prompt-accept")), { timeout: 20_000 });
  assert.ok((await page.text(testId("prompt-host-key"))).includes(sshd.fingerprint), "the fingerprint is shown");
}

/** Trusts the host key, and waits until the preflight report is there. */
export async function trust(page) {
  await page.click(testId("prompt-accept"));
  await page.until("the end of the question", async () => !(await page.has(testId("prompt-accept"))));
  await checked(page);
}

/** Waits until no check is running any more. */
export async function checked(page) {
  const status = () => page.text(testId("status-bar"));
  await page.until("the preflight report", async () => !/checking/i.test(await status()), { timeout: 30_000 });
}

/** Opens the page of a server from the list of servers. */
export async function openServer(page, name) {
  await page.click(testId("nav-servers"));
  await page.click(testId(`server-row-${name}`));
  await page.until("its page", () => page.has(testId("host-page")));
}

/** Presses Deploy on the plan that is open and waits until the seven steps are done; a failed one ends it at once. */
export async function deploy(page, timeout = 90_000) {
  await page.click(testId("deploy-start"));
  const chatNow = testId("deploy-chat-now");
  const failed = '[data-testid^="deploy-step-"][data-state="failed"]';
  const outcome = await page.until("the end of the deploy", async () => {
    if (await page.has(failed)) return "failed";
    return (await page.has(chatNow)) && "done";
  }, { timeout });
  if (outcome === "failed") {
    const picture = await page.screenshot("failed-deploy");
    assert.fail(`a step of the deploy failed; screenshot: ${picture}\n${await page.text("main")}`);
  }
}

/** Writes a message, sends it with Enter as soon as that is possible, and sees it in the thread. */
export async function say(page, text) {
  await page.type(testId("composer"), text);
  await page.until("a server that takes messages", () => page.has(testId("composer-send", ":enabled")), { timeout: 30_000 });
  await page.keys(Key.Enter);
  const said = () => page.execute(
    `const all = document.querySelectorAll(arguments[0]);
     return all[all.length - 1]?.textContent ?? "";`,
    testId("message-user"),
  );
  await page.until("the message in the thread", async () => (await said()).includes(text));
}

/** The text of the last answer as it stands. */
export function answerText(page) {
  return page.execute(
    `const all = document.querySelectorAll(arguments[0]);
     return all[all.length - 1]?.querySelector(".markdown")?.textContent ?? "";`,
    testId("message-assistant"),
  );
}

/** The state of the last answer: streaming, complete, stopped, failed or interrupted; empty without one. */
export function answerState(page) {
  return page.execute(
    `const all = document.querySelectorAll(arguments[0]);
     return all[all.length - 1]?.dataset.state ?? "";`,
    testId("message-assistant"),
  );
}

/** Waits until the last answer is in `state`, and returns its text. */
export async function answered(page, state = "complete", timeout = 30_000) {
  await page.until(`an answer that is ${state}`, async () => {
    const now = await answerState(page);
    assert.notEqual(now, state === "failed" ? "" : "failed", `the answer failed: ${await answerText(page)}`);
    return now === state;
  }, { timeout });
  return answerText(page);
}

/** Presses Stop; returns the time in ms that passed in the window between the click and the answer's new state. */
export async function stop(page) {
  await page.execute(
    `const [button, answer] = arguments;
     window.stopping = {};
     document.querySelector(button).addEventListener("click", () => (window.stopping.from = performance.now()), { once: true });
     const answers = document.querySelectorAll(answer);
     new MutationObserver((_, observer) => {
       window.stopping.to = performance.now();
       observer.disconnect();
     }).observe(answers[answers.length - 1], { attributeFilter: ["data-state"] });`,
    testId("composer-stop"),
    testId("message-assistant"),
  );
  await page.click(testId("composer-stop"));
  await answered(page, "stopped");
  return page.execute("return window.stopping.to - window.stopping.from");
}

/** Waits until the last answer is being written and has at least `length` characters. */
export function streaming(page, length) {
  return page.until(
    `${length} characters of an answer that goes on`,
    async () => (await answerState(page)) === "streaming" && (await answerText(page)).length >= length,
    { timeout: 30_000 },
  );
}

/** Writes a practice model whose answers never end, and returns its path. */
export async function endlessModel(home) {
  const file = join(home.folder, "endless.gguf");
  await run("python3", [join(ROOT, "deploy/practice_model.py"), file, "--endless", "--context", "32768"]);
  return file;
}

/** Opens an empty conversation. */
export async function newChat(page) {
  await page.keys(Key.Control, "n");
  await page.until("an empty conversation", async () => (await answerState(page)) === "");
}

/** Opens the latest conversation, where the window does not show it already. */
export async function openLatestChat(page) {
  await page.click(testId("nav-chats"));
  await page.until("the conversations", () => page.has(testId("session-row")));
  if ((await answerState(page)) === "") await page.click(testId("session-row"));
  await page.until("its messages", async () => (await answerState(page)) !== "");
}

/** Chooses the language (`en`, `ru`) and the theme (`light`, `dark`) in the settings. */
export async function choose(page, { language, theme }) {
  await page.click(testId("nav-settings"));
  for (const [setting, value] of Object.entries({ language, theme })) {
    if (value) await page.click(testId(`settings-${setting}`, ` [data-value="${value}"]`));
  }
}

/** From First run to a chat with a model on this computer whose answers never end. */
export async function endlessHere(page, home) {
  const model = await endlessModel(home);
  await page.click(testId("first-run-local"));
  await page.click(testId("deploy-source-local_file"));
  await answerDialog(page, model);
  await page.click(testId("deploy-choose-file"));
  await page.until("the file that was chosen", () => page.has(`[title="${model}"]`));
  await fill(page, testId("deploy-context"), 32_768);
  await deploy(page);
  await page.click(testId("deploy-chat-now"));
}

/** Chooses `path` in every dialog for files from now on: the system's own ones are out of the driver's reach. */
export async function answerDialog(page, path) {
  await page.execute(
    `const [path] = arguments;
     window.asked ??= window.fetch;
     window.fetch = (target, options) => {
       const name = decodeURIComponent(String(target?.url ?? target));
       if (!/plugin:dialog.(open|save)/.test(name)) return window.asked(target, options);
       const headers = { "Content-Type": "application/json", "Tauri-Response": "ok" };
       return Promise.resolve(new Response(JSON.stringify(path), { headers }));
     };`,
    path,
  );
}

/** Writes a number over what a field holds, and leaves the field. */
export async function fill(page, css, value) {
  await page.click(css);
  await page.keys(Key.Control, "a");
  await page.type(css, String(value));
  await page.keys(Key.Tab);
}

/** How long the answers of the open chat may be; the panel beside it is opened where it is not. */
export async function limitAnswers(page, tokens) {
  const field = testId("sampling-max_tokens");
  if (!(await page.has(field))) await page.keys(Key.Control, "i");
  await fill(page, field, tokens);
}

/** Clicks a control by its name, in the last match of `within`, and where the pointer shows it only there, too. */
export async function press(page, within, name) {
  const pressed = () => page.execute(
    `const all = document.querySelectorAll(arguments[0]);
     const buttons = all[all.length - 1]?.querySelectorAll("button") ?? [];
     const named = (one) => (one.getAttribute("aria-label") ?? one.textContent).trim() === arguments[1];
     const button = [...buttons].find((one) => named(one) && !one.disabled);
     button?.click();
     return button !== undefined;`,
    within,
    name,
  );
  await page.until(`the button ${name}`, pressed);
}

/** Calls a command of the backend as the page does. */
export async function call(page, name, request) {
  const mark = `call-${Math.random()}`;
  await page.execute(
    `const [name, request, mark] = arguments;
     window.__TAURI_INTERNALS__.invoke(name, { req: request }).then(
       (value) => (window[mark] = { value }),
       (error) => (window[mark] = { error: JSON.stringify(error) }),
     );`,
    name,
    request,
    mark,
  );
  const answer = await page.until(`the answer to ${name}`, () => page.execute("return window[arguments[0]] ?? null", mark));
  if (answer.error) throw new Error(`${name}: ${answer.error}`);
  return answer.value;
}
