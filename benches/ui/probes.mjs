// What is measured inside of the page. Each function is sent there as its text, so it stands alone.

/** Runs a function of this file in the page and returns what it resolves to. */
export function inPage(page, probe, ...args) {
  return page.execute(`return (${probe})(...arguments)`, ...args);
}

/** Runs a command of the backend. */
export function invoke(name, request) {
  return window.__TAURI_INTERNALS__.invoke(name, { req: request });
}

/**
 * When the page began (ms since the epoch), and after that many ms it painted something, and everything that it has to
 * show first (ui/src/app/App.svelte).
 */
export function paints() {
  const [first] = performance.getEntriesByName("first-contentful-paint");
  const [whole] = performance.getEntriesByName("first-picture");
  return { origin: performance.timeOrigin, first: first?.startTime ?? null, whole: whole?.startTime ?? null };
}

/**
 * Waits for a click on `row`, then until the message `last` is painted whole. `window.opening` holds the times in ms
 * after the click, the elements of the document, and the longest time that nothing else could run.
 */
export function watchOpening(row, last) {
  window.opening = undefined;
  const found = () => document.querySelector(`[data-message="${last}"] :is(.markdown, [data-testid="message-user"])`);
  const afterPaint = (run) => requestAnimationFrame(() => requestAnimationFrame(run));
  const begin = (event) => {
    const from = event.timeStamp;
    const afterThis = new MessageChannel();
    let answered, seen = false, beat = from, block = 0, over = false;
    afterThis.port1.onmessage = () => (answered = performance.now() - from);
    const heart = () => {
      const now = performance.now();
      block = Math.max(block, now - beat);
      beat = now;
      if (!over) setTimeout(heart, 4);
    };
    heart();
    const look = () => {
      // The picture that follows shows the row; what comes before the next one may be the conversation already.
      if (!seen && document.querySelector(row)?.closest("[aria-current]")?.ariaCurrent === "true") {
        seen = true;
        afterThis.port2.postMessage(null);
      }
      const message = found();
      if (!message || message.textContent.trim() === "") return requestAnimationFrame(look);
      const inPage = performance.now() - from;
      afterPaint(() => {
        const painted = performance.now() - from;
        // What is measured and drawn a second time counts too.
        setTimeout(() => {
          over = true;
          const walker = document.createTreeWalker(document);
          let nodes = 0;
          while (walker.nextNode()) nodes += 1;
          const elements = document.getElementsByTagName("*").length;
          window.opening = { answered: answered ?? painted, inPage, painted, block, elements, nodes };
        }, 500);
      });
    };
    look();
  };
  window.addEventListener("click", begin, { capture: true, once: true });
}

/** Lays the messages that are drawn now over the window as a plain page, again and again, without a virtual list. */
export function layFlat() {
  const thread = document.querySelector('[data-testid="thread"]');
  const { left, top, width, height } = thread.getBoundingClientRect();
  const flat = document.createElement("div");
  flat.id = "flat";
  const place = { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
  Object.assign(flat.style, place, { position: "fixed", overflow: "auto", background: "var(--bg-main)" });
  const messages = [...thread.querySelectorAll("[data-message]")];
  while (flat.childElementCount < 1_000) flat.append(...messages.map((message) => message.cloneNode(true)));
  document.body.append(flat);
}

/** Scrolls from where it is to its end or for so many frames, `step` pixels each. Resolves to the times between frames. */
export async function scrollThrough(scroller, step, frames) {
  const thread = document.querySelector(scroller);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let settle = 0; settle < 30; settle += 1) await frame();
  const gaps = [];
  let before = await frame();
  for (let left = frames; left > 0 && thread.scrollTop + thread.clientHeight < thread.scrollHeight - 1; left -= 1) {
    thread.scrollTop += step;
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  return gaps;
}

/** From now on `window.keys` gets, for each key in `field`: until its handlers were done and until it was painted. */
export function watchKeys(field) {
  window.keys = [];
  const input = document.querySelector(field);
  const paint = new MessageChannel();
  let pressed, waiting = [];
  paint.port1.onmessage = () => {
    const now = performance.now();
    for (const { from, handled } of waiting) window.keys.push({ handled, painted: now - from });
    waiting = [];
  };
  // Once for each field: the window outlives a measurement.
  if (input.dataset.watched) return;
  input.dataset.watched = "true";
  window.addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
  input.addEventListener("input", () => {
    const from = pressed;
    // After the page's own handlers and what they put off to the end of the event.
    queueMicrotask(() => queueMicrotask(() => {
      waiting.push({ from, handled: performance.now() - from });
      if (waiting.length === 1) requestAnimationFrame(() => paint.port2.postMessage(null));
    }));
  });
}

/** How long the backend and the way from it take to hand over a conversation, ms. */
export async function timeReading(session) {
  const from = performance.now();
  await window.__TAURI_INTERNALS__.invoke("session_get", { req: { session_id: session, last: null } });
  return performance.now() - from;
}

/** Times `session_search` with `text` so many times, ms. */
export async function timeSearch(text, times) {
  const took = [];
  const query = { text, archived: false, limit: 200 };
  for (let at = 0; at < times; at += 1) {
    const from = performance.now();
    const { hits } = await window.__TAURI_INTERNALS__.invoke("session_search", { req: query });
    took.push(performance.now() - from);
    if (hits.length === 0) throw new Error(`nothing found for ${text}`);
  }
  return took;
}

/** Puts all but the last letter of a search into its field, unnoticed, and waits for the key that brings the last. */
export function watchSearch(text) {
  window.found = undefined;
  const field = document.querySelector('[role="searchbox"]');
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
  field.focus();
  field.setSelectionRange(text.length, text.length);
  window.addEventListener("keydown", ({ timeStamp }) => {
    const look = () => {
      if (!document.querySelector('[data-testid="search-hit"]')) return requestAnimationFrame(look);
      requestAnimationFrame(() => requestAnimationFrame(() => (window.found = performance.now() - timeStamp)));
    };
    look();
  }, { capture: true, once: true });
}
