// A small W3C WebDriver client: as much of the protocol as the journeys need, on Node's own fetch.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The key under which the protocol hands over an element (W3C WebDriver, "Elements"). */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Keys that have no character (W3C WebDriver, "Keyboard actions"). */
export const Key = {
  Enter: "\uE007",
  Escape: "\uE00C",
  Tab: "\uE004",
  Control: "\uE009",
  Home: "\uE011",
  Shift: "\uE008",
  Up: "\uE013",
  Down: "\uE015",
  Delete: "\uE017",
  Null: "\uE000",
};

/** What the driver answered with an error status. `code` is the protocol's, such as `no such element`. */
export class WebDriverError extends Error {
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** Errors that a page in motion may cause: worth another look before giving up. */
const PASSING = new Set([
  "no such element",
  "stale element reference",
  "element not interactable",
  "element click intercepted",
  "javascript error",
]);

/**
 * The driver takes its picture after the next frame, and without a graphics card WebKit draws none while nothing
 * changes: one pixel of the corner is drawn anew until the picture is taken.
 */
const KEEP_PAINTING = `
  const pixel = document.body.appendChild(document.createElement("div"));
  pixel.id = "painting";
  Object.assign(pixel.style, { position: "fixed", right: 0, bottom: 0, width: "1px", height: "1px" });
  let odd = false;
  window.painting = setInterval(() => { pixel.style.background = (odd = !odd) ? "#000" : "#fff"; }, 30);
`;

/** One browser session. */
export class Session {
  #base;
  #artifacts;

  constructor(base, artifacts) {
    this.#base = base;
    this.#artifacts = artifacts;
  }

  /** Opens a session at `driver` (`http://127.0.0.1:PORT`) for the application at `binary`. Screenshots go to `artifacts`. */
  static async open(driver, binary, artifacts) {
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: [] } } };
    const opened = await request("POST", `${driver}/session`, { capabilities }, 20_000);
    return new Session(`${driver}/session/${opened.sessionId}`, artifacts);
  }

  #send(method, path, body, timeout = 30_000) {
    return request(method, this.#base + path, body, timeout);
  }

  /** Ends the session, and the application with it. */
  close() {
    return this.#send("DELETE", "", undefined, 10_000);
  }

  /** The first element that matches, or an error at once. */
  async find(css) {
    return wrap(await this.#send("POST", "/element", { using: "css selector", value: css }));
  }

  /** All elements that match. */
  async findAll(css) {
    return (await this.#send("POST", "/elements", { using: "css selector", value: css })).map(wrap);
  }

  /** Runs the body of a function in the page; arguments and result as JSON. */
  execute(script, ...args) {
    return this.#send("POST", "/execute/sync", { script, args });
  }

  /** Whether an element matches now. */
  async has(css) {
    return (await this.findAll(css)).length > 0;
  }

  /** The visible text of the first match, once there is one. */
  async text(css, options) {
    return this.until(`the text of ${css}`, async () => this.#send("GET", `${(await this.find(css)).path}/text`), {
      ...options,
      done: (text) => text !== undefined,
    });
  }

  /** An attribute of the first match, or null. */
  async attribute(css, name) {
    return this.#send("GET", `${(await this.find(css)).path}/attribute/${name}`);
  }

  /** Clicks the first match as soon as it is there and can be clicked. */
  async click(css, options) {
    await this.until(
      `a click on ${css}`,
      async () => {
        const element = await this.find(css);
        if (!(await this.#send("GET", `${element.path}/enabled`))) return false;
        await this.#send("POST", `${element.path}/click`, {});
        return true;
      },
      options,
    );
  }

  /** Types into the first match, as soon as it takes keys. */
  async type(css, text, options) {
    await this.until(
      `typing into ${css}`,
      async () => {
        await this.#send("POST", `${(await this.find(css)).path}/value`, { text });
        return true;
      },
      options,
    );
  }

  /** Presses keys wherever the focus is, modifiers first: `keys(Key.Control, "n")`. */
  async keys(...keys) {
    const press = keys.map((value) => ({ type: "keyDown", value }));
    const release = keys.toReversed().map((value) => ({ type: "keyUp", value }));
    const actions = [{ type: "key", id: "keyboard", actions: [...press, ...release] }];
    await this.#send("POST", "/actions", { actions });
  }

  /** Loads the page anew. */
  refresh() {
    return this.#send("POST", "/refresh", {});
  }

  /** Gives the window a size in pixels, frame included. */
  async resize(width, height) {
    await this.#send("POST", "/window/rect", { width, height });
  }

  /** Writes a PNG of the page as `NAME.png` and returns its path. */
  async screenshot(name) {
    // The picture is of the last frame: let what has just changed be painted.
    await sleep(250);
    const file = `${this.#artifacts}/${name}.png`;
    await mkdir(dirname(file), { recursive: true });
    await this.execute(KEEP_PAINTING);
    try {
      await writeFile(file, Buffer.from(await this.#send("GET", "/screenshot"), "base64"));
    } finally {
      await this.execute("clearInterval(window.painting); document.querySelector('#painting')?.remove()");
    }
    return file;
  }

  /**
   * Asks again every `interval` ms until `done` likes the answer (by default: until it is truthy), and returns it.
   * After `timeout` ms it fails with `what`, the last answer, what the page shows and a screenshot of it.
   */
  async until(what, ask, { timeout = 10_000, interval = 50, done = Boolean } = {}) {
    const end = performance.now() + timeout;
    let last;
    for (;;) {
      try {
        last = await ask();
        if (done(last)) return last;
      } catch (error) {
        if (!(error instanceof WebDriverError) || !PASSING.has(error.code)) throw error;
        last = error.message;
      }
      if (performance.now() > end) break;
      await sleep(interval);
    }
    const name = `failed-${what.replace(/[^a-z0-9]+/gi, "-").slice(0, 60)}`;
    const [page, picture] = await Promise.all([
      this.execute("return document.body.innerText.slice(0, 1500)").catch((error) => `(no text: ${error.message})`),
      this.screenshot(name).catch((error) => `(none: ${error.message})`),
    ]);
    throw new Error(
      `${what} did not come within ${timeout} ms; last: ${JSON.stringify(last)}\n` +
        `screenshot: ${picture}\nthe page says:\n${page}`,
    );
  }
}

/** A CSS selector for a `data-testid`, with further conditions such as `[data-state="done"]`. */
export function testId(id, more = "") {
  return `[data-testid="${id}"]${more}`;
}

function wrap(found) {
  return { path: `/element/${found[ELEMENT]}` };
}

async function request(method, url, body, timeout) {
  const asked = fetch(url, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(timeout),
  });
  const response = await asked.catch((error) => {
    // The reason is all that fetch throws, without a word about what was asked.
    throw new Error(`${method} ${new URL(url).pathname}: ${error.cause?.message ?? error.message} (limit ${timeout} ms)`);
  });
  const { value } = await response.json();
  if (!response.ok) throw new WebDriverError(value.error, value.message);
  return value;
}
