// The real window under WebKitWebDriver, with a home directory of its own.
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { endAll, eventually, freePort, runningProgram, signal } from "./process.mjs";
import { Session } from "./webdriver.mjs";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Where screenshots and logs go. */
export const ARTIFACTS = join(ROOT, "target/e2e");

/** The application under test: built with the interface in it (`--features custom-protocol`). */
export const BINARY = process.env.SLIPWAY_WINDOW ?? join(ROOT, "target/debug/slipway-desktop");

/**
 * Makes pip below the home directory `folder` install the engine from SLIPWAY_ENGINE, the folder
 * that scripts/engine.sh has filled: otherwise each journey downloads it once more.
 */
export async function usePreparedEngine(folder) {
  const wheels = process.env.SLIPWAY_ENGINE;
  if (!wheels) return;
  await mkdir(join(folder, ".config/pip"), { recursive: true });
  await writeFile(join(folder, ".config/pip/pip.conf"), `[global]\nno-index = true\nfind-links = ${wheels}\n`);
}

/** A home directory for one journey, and everything that runs in it. */
export class Home {
  #servers = [];

  constructor(name, folder) {
    this.name = name;
    this.folder = folder;
  }

  static async create(name) {
    const home = new Home(name, await mkdtemp(join(tmpdir(), `slipway-${name}-`)));
    for (const part of [".ssh", "run"]) await mkdir(join(home.folder, part), { mode: 0o700 });
    await usePreparedEngine(home.folder);
    return home;
  }

  /** The environment of everything that starts here: nothing of the person's own is seen or touched. */
  environment({ language = "en", theme = "light" } = {}) {
    const own = {
      HOME: this.folder,
      XDG_DATA_HOME: join(this.folder, ".local/share"),
      XDG_CONFIG_HOME: join(this.folder, ".config"),
      XDG_CACHE_HOME: join(this.folder, ".cache"),
      XDG_STATE_HOME: join(this.folder, ".local/state"),
      XDG_RUNTIME_DIR: join(this.folder, "run"),
      // C.UTF-8 is everywhere; a locale that is not installed makes shells and GTK complain.
      LANG: { en: "C.UTF-8", ru: "ru_RU.UTF-8" }[language],
      GTK_THEME: { light: "Adwaita", dark: "Adwaita:dark" }[theme],
    };
    const foreign = ["LC_ALL", "LC_MESSAGES", "LANGUAGE", "SSH_AUTH_SOCK", "SSH_ASKPASS"];
    const rest = Object.entries(process.env).filter(([name]) => !foreign.includes(name));
    return { ...Object.fromEntries(rest), ...own };
  }

  /** Has `stop` called before the folder goes. */
  stopAtEnd(stop) {
    this.#servers.push(stop);
  }

  /** Ends all that was started here, also the engine, keeps the logs for whoever has to explain a failure, and removes the folder. */
  async remove() {
    for (const stop of this.#servers) await stop();
    await endAll(this.folder);
    for (const file of await readdir(this.folder, { recursive: true })) {
      if (/\.(log|jsonl)$|\.log\.[\d-]+$/.test(file)) await cp(join(this.folder, file), join(ARTIFACTS, this.name, file.replaceAll("/", "+")));
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A running window. `page` is its WebDriver session. */
export class Window {
  #driver;
  #home;

  constructor(driver, home, page, shownAt) {
    this.#driver = driver;
    this.#home = home;
    this.page = page;
    /** `performance.now()` when the page was there to be clicked. */
    this.shownAt = shownAt;
  }

  /**
   * Starts the application in `home`, on a system in `language` and `theme`, and waits until it has painted something.
   * `environment` is added to that of the home.
   */
  static async open(home, { language, theme, environment = {} } = {}) {
    await mkdir(ARTIFACTS, { recursive: true });
    const port = await freePort();
    const driver = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
      env: { ...home.environment({ language, theme }), ...environment, TAURI_WEBVIEW_AUTOMATION: "true" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(join(ARTIFACTS, `${home.name}.log`), { flags: "a" });
    driver.stdout.pipe(log, { end: false });
    driver.stderr.pipe(log, { end: false });
    driver.once("exit", () => log.end());
    const address = `http://127.0.0.1:${port}`;
    try {
      await eventually("WebKitWebDriver", async () => {
        if (driver.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${driver.exitCode}`);
        return fetch(`${address}/status`).then((response) => response.ok, () => false);
      });
      const page = await Session.open(address, BINARY, ARTIFACTS);
      const window = new Window(driver, home, page, undefined);
      await page.until("something painted", () => page.execute("return document.body?.innerText.trim().length > 0"), {
        timeout: 30_000,
      });
      window.shownAt = performance.now();
      return window;
    } catch (error) {
      const runs = (await runningProgram(BINARY, home.folder)).length > 0;
      driver.kill("SIGKILL");
      throw new Error(`the window did not open; the application ${runs ? "runs" : "does not run"}`, { cause: error });
    }
  }

  /** The process of the application. */
  async pid() {
    const [pid] = await runningProgram(BINARY, this.#home.folder);
    if (pid === undefined) throw new Error(`${BINARY} does not run`);
    return pid;
  }

  /** Ends the application as a crash would: no destructor, no last write. */
  async crash() {
    signal(await this.pid(), "SIGKILL");
    await this.#ended();
  }

  /** Closes the window as its close button does, and waits until the program is over. */
  async close() {
    await this.page.close().catch(() => undefined);
    await this.#ended();
  }

  async #ended() {
    const runs = () => runningProgram(BINARY, this.#home.folder);
    await eventually("the end of the application", async () => (await runs()).length === 0).catch(async (error) => {
      for (const pid of await runs()) signal(pid, "SIGKILL");
      throw error;
    });
    this.#driver.kill("SIGTERM");
  }
}
