/** Diagrams in the colours of the window, drawn one after the other and kept for a while. */
import type { Look, Picture } from "./mermaid";

export type { Picture } from "./mermaid";

/** Longest text of a diagram; checked before the drawer is loaded. */
const SIZE_LIMIT = 10_000;
/** Drawings kept, so that one that is drawn again looks the same at once. */
const CACHE_LIMIT = 32;
/** How long a drawing may take, milliseconds. */
const TIME_LIMIT = 8_000;

/** The picture, or why there is none. */
export type Drawing =
  | { picture: Picture }
  | { picture: null; fault: "large" | "slow" | "wrong"; reason: string };

const cache = new Map<string, Drawing>();
const running = new Map<string, Promise<Drawing>>();
let queue: Promise<unknown> = Promise.resolve();

/** What was drawn of this text in the present colours, or null. */
export function drawnDiagram(source: string): Drawing | null {
  if (source.length > SIZE_LIMIT) return { picture: null, fault: "large", reason: "" };
  return cache.get(keyOf(source)) ?? null;
}

/** Draws a text in the present colours. Never fails: a text that is no diagram has its reason. */
export function drawDiagram(source: string): Promise<Drawing> {
  const known = drawnDiagram(source);
  if (known) return Promise.resolve(known);
  const key = keyOf(source);
  let drawing = running.get(key);
  if (!drawing) {
    drawing = draw(source, key);
    running.set(key, drawing);
  }
  return drawing;
}

async function draw(source: string, key: string): Promise<Drawing> {
  const before = queue;
  const work = (async (): Promise<Drawing> => {
    await before;
    const { drawDiagram: run } = await import("./mermaid");
    return { picture: await run(source, lookOf()) };
  })().catch((thrown: unknown): Drawing => ({ picture: null, fault: "wrong", reason: sentenceOf(thrown) }));
  const result = Promise.race([work, slow()]);
  queue = result;
  const drawing = await result;
  running.delete(key);
  cache.set(key, drawing);
  const oldest = cache.keys().next();
  if (cache.size > CACHE_LIMIT && !oldest.done) cache.delete(oldest.value);
  return drawing;
}

function slow(): Promise<Drawing> {
  return new Promise((resolve) => {
    setTimeout(resolve, TIME_LIMIT, { picture: null, fault: "slow", reason: "" });
  });
}

/** The first line of the error: the rest quotes the source, which is shown anyway. */
function sentenceOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.split("\n", 1)[0]?.replace(/:$/, "").slice(0, 200) ?? "";
}

function keyOf(source: string): string {
  return `${document.documentElement.dataset.theme ?? ""}\n${source}`;
}

function lookOf(): Look {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    dark: document.documentElement.dataset.theme === "dark",
    font: token("font"),
    ground: token("bg-main"),
    raised: token("bg-raised"),
    sunken: token("bg-sunken"),
    text: token("fg"),
    quiet: token("fg-3"),
    line: token("line-control"),
    edge: token("line-strong"),
    accent: token("accent"),
    accentTint: token("accent-tint"),
    accentLine: token("accent-line"),
    warnTint: token("warn-tint"),
    warnLine: token("warn-line"),
  };
}
