// A stand-in for an engine: answers the OpenAI API with Markdown at the speed that the question names,
// `tokens=N rate=N` (per second); anything else gets a short answer. `node standin.mjs PORT`.
import { createServer } from "node:http";

import { answer, dice } from "./words.mjs";

/** How often pieces are sent. A token is a piece of its own, as from a real engine. */
const TICK_MS = 10;
const SHORT = { tokens: 8, rate: 1_000 };

function wanted(body) {
  const text = JSON.stringify(body.messages?.at(-1)?.content ?? "");
  const [, tokens, rate] = /tokens=(\d+) rate=(\d+)/.exec(text) ?? [];
  return tokens === undefined ? SHORT : { tokens: Number(tokens), rate: Number(rate) };
}

/** Pieces of about four characters without end. */
function* pieces(seed) {
  const next = dice(seed);
  for (;;) yield* `${answer(next)}\n\n`.match(/[\s\S]{1,4}/g);
}

function chunk(delta, finish = null) {
  return { id: "bench", object: "chat.completion.chunk", created: 0, model: "bench", choices: [{ index: 0, delta, finish_reason: finish }] };
}

let answers = 0;

function stream(response, { tokens, rate }, usage) {
  const text = pieces((answers += 1));
  const send = (data) => response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  send(chunk({ role: "assistant", content: "" }));
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(tokens, Math.floor(((performance.now() - began) / 1_000) * rate));
    for (; sent < due; sent += 1) send(chunk({ content: text.next().value }));
    if (sent < tokens) return;
    clearInterval(timer);
    send(chunk({}, "stop"));
    send({ ...chunk({}), choices: [], usage });
    send("[DONE]");
    response.end();
  }, TICK_MS);
  response.on("close", () => clearInterval(timer));
}

function whole(response, { tokens }, usage) {
  const text = pieces(1);
  const content = Array.from({ length: tokens }, () => text.next().value).join("");
  json(response, {
    id: "bench",
    object: "chat.completion",
    created: 0,
    model: "bench",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage,
  });
}

function json(response, data, status = 200) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(data));
}

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || "{}");
}

const server = createServer(async (request, response) => {
  if (request.url === "/health") return json(response, { status: "ok" });
  if (request.url === "/v1/models") return json(response, { object: "list", data: [{ id: "bench", object: "model", owned_by: "bench" }] });
  if (request.url !== "/v1/chat/completions") return json(response, { error: { message: "not here", code: 404 } }, 404);
  const body = await read(request);
  const asked = wanted(body);
  const usage = { prompt_tokens: 10, completion_tokens: asked.tokens, total_tokens: 10 + asked.tokens };
  if (body.stream) stream(response, asked, usage);
  else whole(response, asked, usage);
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
