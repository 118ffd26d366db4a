// Pictures of every screen in headless Chromium, to be looked at: `npm run screenshots [-- FILTER]`.
// Needs `npm run dev` beside it, and a Chromium named by CHROMIUM (default /usr/bin/chromium).
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const BASE = process.env.SLIPWAY_DEV_URL ?? "http://127.0.0.1:5183/";
export const SIZES = {
  wide: { width: 1440, height: 900 },
  small: { width: 900, height: 600 },
  large: { width: 1600, height: 1000 },
};

/** From Servers to the plan of a host that has nothing yet. */
const openPlan = ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]')];

/** Clicks through the window after the start; each step is a test id or a function of the page. */
export const SCREENS = [
  { name: "first-run", mock: "empty" },
  { name: "servers", mock: "full", steps: ["nav-servers"] },
  { name: "servers-one", mock: "full", steps: ["nav-servers", (page) => page.click('[data-testid="server-card-lab-gpu-2"] .what')] },
  { name: "servers-states", mock: "states", steps: ["nav-servers"] },
  { name: "servers-attention", mock: "attention", steps: ["nav-servers", (page) => page.locator('[data-testid="server-card-gpu-box"]').scrollIntoViewIfNeeded()] },
  { name: "servers-long", mock: "long-names", steps: ["nav-servers"] },
  { name: "servers-add", mock: "full", steps: ["nav-servers", (page) => page.fill('[data-testid="server-address"]', "gpu"), (page) => page.press('[data-testid="server-address"]', "ArrowDown")] },
  { name: "servers-add-wrong", mock: "full", steps: ["nav-servers", (page) => page.fill('[data-testid="server-address"]', "ml@gpu box:99999")] },
  { name: "host", mock: "timeline", steps: ["nav-servers", openHost("studio"), wait(400)] },
  { name: "host-long", mock: "long-names", steps: ["nav-servers", (page) => page.click('[data-testid^="server-row-gpu-node"], [data-testid^="server-open-gpu-node"]'), wait(400)] },
  { name: "host-reconnecting", mock: "full", steps: ["nav-servers", openHost("rented-4090"), wait(400)] },
  { name: "host-empty", mock: "full", steps: ["nav-servers", openHost("gpu-box"), wait(400)] },
  { name: "host-changed-key", mock: "attention", steps: ["nav-servers", openHost("attic"), wait(400)] },
  { name: "host-login", mock: "attention", steps: ["nav-servers", openHost("gpu-box"), wait(400)] },
  { name: "diagnose-running", mock: "diagnose-stuck", steps: ["nav-servers", openHost("studio"), "host-diagnose", wait(2600)] },
  { name: "diagnose-fine", mock: "full", steps: ["nav-servers", openHost("studio"), "host-diagnose", diagnosed] },
  ...["network", "ssh", "login", "forwarding", "engine"].map((link) => ({
    name: `diagnose-${link}`,
    mock: `diagnose-${link}`,
    steps: ["nav-servers", openHost("rented-4090"), "host-diagnose", diagnosed],
  })),
  { name: "servers-menu", mock: "full", steps: ["nav-servers", (page) => page.click('[data-testid="server-menu-studio"]')] },
  { name: "servers-broken", mock: "broken" },
  { name: "plan", mock: "empty", steps: ["first-run-local", wait(1200)] },
  { name: "plan-ssh", mock: "full", steps: ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]'), wait(1400)] },
  ...["red", "bare", "cpu", "walled", "fails"].map((machine) => ({ name: `plan-${machine}`, mock: `plan-${machine}`, steps: [...openPlan, wait(1400)] })),
  { name: "plan-scrolled", mock: "plan-walled", steps: [...openPlan, "deploy-source-host_path", (page) => page.fill('[data-testid="deploy-host-path"]', "/models/qwen3.gguf"), wait(1900), scrollTo("fit")] },
  { name: "plan-engines", mock: "full", steps: [...openPlan, wait(1400), "deploy-engine", wait(300)] },
  { name: "plan-too-big", mock: "plan-red", steps: [...openPlan, "deploy-source-host_path", (page) => page.fill('[data-testid="deploy-host-path"]', "/models/qwen3.gguf"), wait(1900), scrollTo("fit")] },
  { name: "plan-hub", mock: "full", steps: [...openPlan, ...lookUp("unsloth/Qwen3-30B-A3B-GGUF")] },
  { name: "plan-gated", mock: "full", steps: [...openPlan, ...lookUp("gated/Llama-3.3-70B-GGUF")] },
  { name: "plan-container", mock: "full", steps: [...openPlan, wait(1400), "deploy-engine", "deploy-engine-container", wait(1600), scrollTo("engine-image")] },
  { name: "plan-custom", mock: "full", steps: [...openPlan, wait(1400), "deploy-engine", "deploy-engine-custom", wait(400), scrollTo("engine-key")] },
  { name: "deploy-stopped", mock: "deploy-stopped", steps: [...openPlan, wait(900), "deploy-start", wait(3500)] },
  { name: "prompt-bring", mock: "bring", steps: [...openPlan, wait(900)] },
  { name: "versions", mock: "full", steps: ["nav-servers", openHost("studio"), wait(1300), scrollTo("versions")] },
  { name: "versions-many", mock: "versions-many", steps: ["nav-servers", openHost("studio"), wait(1300), scrollTo("versions-clean")] },
  { name: "versions-empty", mock: "versions-empty", steps: ["nav-servers", openHost("studio"), wait(1300), scrollTo("versions")] },
  { name: "versions-rollback", mock: "full", steps: ["nav-servers", openHost("studio"), wait(1300), "version-back", wait(300)] },
  { name: "versions-rolling", mock: "full", steps: ["nav-servers", openHost("studio"), wait(1300), "version-back", "rollback-dialog-confirm", wait(900)] },
  { name: "versions-clean", mock: "full", steps: ["nav-servers", openHost("studio"), wait(1300), "versions-clean", wait(1200)] },
  { name: "engine-log", mock: "full", steps: ["nav-servers", openHost("studio"), wait(1300), "engine-log-toggle", wait(2200), scrollTo("engine-log-lines")] },
  { name: "upkeep-failing", mock: "upkeep-failing", steps: ["nav-servers", openHost("studio"), wait(1300), "engine-log-toggle", wait(1300), scrollTo("engine-log-lines")] },
  { name: "stop-engine", mock: "full", steps: ["nav-servers", "server-menu-studio", "server-stop-engine", wait(300)] },
  { name: "uninstall", mock: "full", steps: ["nav-servers", "server-menu-studio", "server-uninstall", wait(300)] },
  { name: "settings-models", mock: "full", steps: ["nav-settings", openList, "settings-group-models"] },
  { name: "settings-token", mock: "full", steps: ["nav-settings", openList, "settings-group-models", "settings-hub-token-edit"] },
  { name: "deploy-running", mock: "empty", steps: ["first-run-local", wait(900), "deploy-start", wait(4600)] },
  { name: "deploy-done", mock: "empty", steps: ["first-run-local", "deploy-start", (page) => page.waitForSelector('[data-testid="deploy-chat-now"]', { timeout: 30000 }), wait(1200)] },
  { name: "deploy-failed", mock: "failing", steps: ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]'), wait(900), "deploy-start", wait(5500)] },
  { name: "changed-key", mock: "changed-key", steps: ["nav-servers", openHost("attic"), (page) => page.click('header [data-testid="server-primary"]'), wait(1200)] },
  { name: "prompt-host-key", mock: "host-key", steps: ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]'), wait(700)] },
  { name: "prompt-password", mock: "password", steps: ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]'), wait(700)] },
  { name: "prompt-passphrase", mock: "passphrase", steps: ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]'), wait(700)] },
  ...["other-key", "jump-key", "interactive", "several-prompts"].map((mock) => ({ name: `prompt-${mock}`, mock, steps: ["nav-servers", (page) => page.click('[data-testid="server-card-gpu-box"] [data-testid="server-primary"]'), wait(700)] })),
  { name: "settings", mock: "full", steps: ["nav-settings"] },
  { name: "settings-servers", mock: "full", steps: ["nav-settings", openList, "settings-group-servers"] },
  { name: "toast", mock: "chats", steps: ["nav-servers", "server-menu-gpu-box", "server-remove", wait(300), "nav-chats", wait(300)] },
  { name: "picker-states", mock: "states", steps: ["nav-chats", wait(300), "model-picker", wait(200)] },
  { name: "shortcuts", mock: "full", steps: ["nav-servers", (page) => page.keyboard.press("Control+/"), wait(300)] },
  { name: "library", mock: "library", steps: ["nav-chats", openList, wait(300)] },
  { name: "library-long", mock: "library-long", steps: ["nav-chats", openList, wait(300)] },
  { name: "library-many", mock: "library-many", steps: ["nav-chats", openList, wait(300)] },
  { name: "library-menu", mock: "library", steps: ["nav-chats", openList, near("chat-7"), "session-menu", wait(200)] },
  { name: "library-selected", mock: "library", steps: ["nav-chats", openList, choose("chat-6"), choose("chat-7"), choose("chat-8"), wait(200)] },
  { name: "library-move", mock: "library", steps: ["nav-chats", openList, choose("chat-6"), choose("chat-7"), "bulk-move", wait(200)] },
  { name: "library-tags", mock: "library", steps: ["nav-chats", openList, choose("chat-5"), choose("chat-7"), "bulk-tags", wait(200)] },
  { name: "library-archive", mock: "library", steps: ["nav-chats", openList, "list-menu", "open-archive", wait(200)] },
  { name: "library-deleted", mock: "library", steps: ["nav-chats", openList, choose("chat-6"), choose("chat-7"), "bulk-delete", wait(300)] },
  { name: "library-export", mock: "library", steps: ["nav-chats", openList, "list-menu", "backup", wait(900)] },
  { name: "library-import", mock: "library", steps: ["nav-chats", openList, "list-menu", "import", wait(3600)] },
  { name: "library-import-failed", mock: "library-broken", steps: ["nav-chats", openList, "list-menu", "import", wait(3600)] },
  { name: "search", mock: "library", steps: ["nav-chats", openList, find("vacuum"), wait(400)] },
  { name: "search-nothing", mock: "library", steps: ["nav-chats", openList, find("xylophone"), wait(400)] },
  { name: "search-broken", mock: "library-broken", steps: ["nav-chats", openList, find("vacuum"), wait(400)] },
  { name: "search-filters", mock: "library", steps: ["nav-chats", openList, "search-filters", wait(200)] },
  { name: "find", mock: "chats", steps: ["nav-chats", openList, (page) => page.click('[data-session="rich"]'), wait(500), (page) => page.keyboard.press("Control+f"), wait(200), (page) => page.keyboard.type("vacuum"), wait(500)] },
  { name: "palette", mock: "library", steps: ["nav-chats", wait(200), (page) => page.keyboard.press("Control+k"), wait(300)] },
  { name: "palette-found", mock: "library", steps: ["nav-chats", wait(200), (page) => page.keyboard.press("Control+k"), wait(200), (page) => page.keyboard.type("vac"), wait(500)] },
  { name: "palette-nothing", mock: "library", steps: ["nav-chats", wait(200), (page) => page.keyboard.press("Control+k"), wait(200), (page) => page.keyboard.type("@xyz"), wait(400)] },
  { name: "quick", mock: "chats", query: "&quick", viewport: { width: 640, height: 420 }, steps: [(page) => page.waitForSelector('[data-testid="quick"]'), wait(300)] },
  { name: "chat", mock: "full", steps: ["nav-chats", wait(300)] },
  { name: "logs", mock: "full", steps: ["nav-logs", wait(300)] },
  { name: "metrics", mock: "full", steps: ["nav-metrics", wait(900)] },
  { name: "metrics-table", mock: "full", steps: ["nav-metrics", wait(900), "metrics-first-token-table", (page) => page.focus('[data-testid="metrics-speed"] [role="slider"]'), (page) => page.keyboard.press("ArrowLeft")] },
  { name: "metrics-dates", mock: "full", steps: ["nav-metrics", wait(900), "metrics-range-dates", wait(600)] },
  ...["none", "one", "million", "long", "old", "failing"].map((world) => ({ name: `metrics-${world}`, mock: `metrics-${world}`, steps: ["nav-metrics", wait(900)] })),
  { name: "settings-chat", mock: "full", steps: ["nav-settings", openList, "settings-group-chat"] },
  ...["rich", "failed", "ends"].map((id) => ({ name: `thread-${id}`, mock: "chats", steps: openChat(id) })),
  ...["compare", "compare-four", "compare-failed", "compare-writing", "compare-waiting"].map((mock) => ({ name: mock, mock, steps: openChat("cmp") })),
  ...["ready", "running", "paused", "interrupted", "failed", "finished", "summary", "four"].map((kind) => ({ name: `conversation-${kind}`, mock: `conversation-${kind}`, steps: openChat("talk") })),
];

/** Opens a conversation of the list. */
function openChat(id) {
  return ["nav-chats", openList, (page) => page.click(`[data-session="${id}"]`), wait(900)];
}

/** Puts the pointer on a conversation of the list. */
function near(id) {
  return (page) => page.hover(`[data-session="${id}"]`);
}

/** Adds a conversation to the selection. */
function choose(id) {
  return (page) => page.click(`[data-session="${id}"]`, { modifiers: ["Control"] });
}

function find(words) {
  return (page) => page.fill('[role="searchbox"]', words);
}

/** Looks into a repository of the hub. */
function lookUp(repo) {
  return ["deploy-source-hugging_face", (page) => page.fill('[data-testid="hub-repo"]', repo), "hub-look-up", wait(2600)];
}

function scrollTo(testid) {
  return (page) => page.locator(`[data-testid="${testid}"]`).first().scrollIntoViewIfNeeded();
}

function wait(ms) {
  return (page) => page.waitForTimeout(ms);
}

/** Opens the page of a host from its card. */
function openHost(name) {
  return (page) => page.click(`[data-testid="server-open-${name}"]`);
}

/** Narrow windows have the list in a drawer. */
async function openList(page) {
  if (page.viewportSize().width >= 960) return;
  await page.keyboard.press("Control+b");
  await page.waitForTimeout(200);
}

function diagnosed(page) {
  return page.waitForSelector('[data-testid="diagnosis-again"]', { timeout: 15000 });
}

/** A browser without a window. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
}

/** Brings a page to a screen. */
export async function walk(page, screen, language) {
  await page.goto(`${BASE}?mock=${screen.mock}&language=${language}${screen.query ?? ""}`);
  await page.waitForTimeout(700);
  for (const step of screen.steps ?? [])
    if (typeof step === "string") {
      await page.click(`[data-testid="${step}"]`);
      // A section that is opened for the first time is loaded first.
      if (step.startsWith("nav-")) await page.waitForSelector("main > *");
    } else await step(page);
}

async function picture(browser, screen, name, viewport, theme, language) {
  let failed = 0;
  function report(words) {
    failed += 1;
    process.stderr.write(`${name}: ${words}\n`);
  }
  const page = await browser.newPage({ viewport: screen.viewport ?? viewport, colorScheme: theme });
  page.on("console", (message) => {
    if (message.type() === "error") report(message.text());
  });
  page.on("pageerror", (error) => report(error.message));
  try {
    await walk(page, screen, language);
    await page.mouse.move(viewport.width / 2, viewport.height - 3);
    await page.waitForTimeout(250);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (wide) report("wider than the window");
  } catch (error) {
    report(error.message.split("\n")[0]);
  }
  await page.screenshot({ path: `screenshots/${name}.png` });
  await page.close();
  return failed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const filter = new RegExp(process.argv[2] ?? "");
  const browser = await launch();
  await mkdir("screenshots", { recursive: true });
  let failed = 0;
  for (const screen of SCREENS)
    for (const [size, viewport] of Object.entries(SIZES))
      for (const theme of ["light", "dark"])
        for (const language of ["en", "ru"]) {
          const name = `${screen.name}-${size}-${theme}-${language}`;
          if (filter.test(name)) failed += await picture(browser, screen, name, viewport, theme, language);
        }
  await browser.close();
  process.exitCode = failed > 0 ? 1 : 0;
}
