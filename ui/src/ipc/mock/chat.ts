import type { ChatRetry, ChatSend, ChatStarted, Message, Session } from "../bindings";
import { blankMessage, blankSession, NO_DRAFT, NO_STATS } from "../blank";
import { both, sleep, type MockStream } from "./stream";
import { allOf, aroundOf, branchOf } from "./tree";
import type { World } from "./world";

const ANSWER = `The harbour is calm, and the slipway is greased.

1. Check the cradle.
2. Knock out the last \`keel block\`.

\`\`\`rust
fn launch(ship: &mut Ship) -> Result<(), Stuck> {
    ship.slide()
}
\`\`\`

Then wait for **the tide**.`;

/** How an answer plays, by the first word of the question: `long`, `fail`, `slow`, `think`, `full`. */
interface Script {
  words: string[];
  /** Between two words. */
  paceMs: number;
  /** Each phase before the first word. */
  phaseMs: number;
  reasoning: string[];
  /** Broken off after so many words. */
  failAfter: number;
  /** Tokens that the engine counts. */
  promptTokens: number;
}

function scriptOf(question: string): Script {
  const kind = question.trim().split(/\s/, 1)[0]?.toLowerCase();
  const words = (kind === "long" ? `${ANSWER}\n\n`.repeat(200) : ANSWER).match(/\s*\S+/g) ?? [];
  return {
    words,
    paceMs: kind === "long" ? 12 : 40,
    phaseMs: kind === "slow" ? 2_500 : 150,
    reasoning: kind === "think" ? "The person asks about ships. A short list will do.".match(/\s*\S+/g) ?? [] : [],
    failAfter: kind === "fail" ? 20 : Infinity,
    promptTokens: kind === "full" ? 31_600 : 24,
  };
}

const LOST = {
  code: "stream_broken" as const,
  message: both("The answer broke off: the engine closed the stream.", "Ответ оборвался: движок закрыл поток."),
  fix: both("Try again.", "Повторите."),
  detail_id: "d-50b1",
  facts: { type: "hop" as const, data: "engine" as const },
};

export function messageOf(sessionId: string, position: number, part: Partial<Message>): Message {
  return blankMessage(crypto.randomUUID(), sessionId, { position, created_at: Date.now(), ...part });
}

/** What playing an answer needs. */
export interface Stage {
  world: World;
  stream: MockStream;
  cancelled: (id: string) => boolean;
}

function modelOf(world: World, hostId: string): string | null {
  return world.connections.find((item) => item.host_id === hostId)?.model ?? null;
}

/** Takes a message and plays its answer. */
export function send(stage: Stage, request: ChatSend): ChatStarted {
  const { world } = stage;
  let session = world.sessions.find((item) => item.id === request.session_id);
  if (!session) {
    const now = Date.now();
    const title = request.text.split(/\s+/).slice(0, 6).join(" ");
    session = blankSession(crypto.randomUUID(), { title, created_at: now, updated_at: now });
    world.sessions.unshift(session);
    world.messages.set(session.id, []);
  }
  const around = aroundOf(world, session.id);
  Object.assign(around, { settings: request.settings, draft: NO_DRAFT });
  const branch = branchOf(world, session.id);
  const replaced = branch.find(({ id }) => id === request.replaces);
  const parent = replaced ? branch.find(({ id }) => id === replaced.parent_id) : branch.at(-1);
  const user = messageOf(session.id, parent ? parent.position + 1 : 0, {
    content: request.text,
    parent_id: parent?.id ?? null,
    attachments: request.attachments.flatMap((id) => world.files.get(id)?.attachment ?? []),
  });
  allOf(world, session.id).push(user);
  return answer(stage, session, user, request);
}

/** Answers a question once more, or goes on with an answer. */
export function retry(stage: Stage, request: ChatRetry, goOn: boolean): ChatStarted {
  const { world } = stage;
  const session = world.sessions.find((item) => item.id === request.session_id);
  const branch = branchOf(world, request.session_id);
  const old = request.message_id === null ? branch.at(-1) : branch.find(({ id }) => id === request.message_id);
  const user = branch.find(({ id }) => id === old?.parent_id);
  if (!session || !old || !user) throw new Error("nothing to answer");
  const kept = goOn ? allOf(world, session.id).find(({ id }) => id === old.id) : undefined;
  return answer(stage, session, user, request, kept);
}

function answer(
  stage: Stage,
  session: Session,
  user: Message,
  request: Pick<ChatSend, "host_id" | "model">,
  kept?: Message,
): ChatStarted {
  const { world } = stage;
  const requestId = `chat-${crypto.randomUUID()}`;
  const model = request.model ?? modelOf(world, request.host_id);
  const part = { state: "streaming" as const, host_id: request.host_id, model, request_id: requestId, error: null };
  const reply =
    kept ?? messageOf(session.id, user.position + 1, { ...part, role: "assistant", parent_id: user.id });
  if (kept) Object.assign(kept, part);
  else allOf(world, session.id).push(reply);
  aroundOf(world, session.id).leaf = reply.id;
  const count = allOf(world, session.id).length;
  Object.assign(session, { host_id: request.host_id, model, updated_at: Date.now(), message_count: count });
  void play(stage, requestId, session.id, reply, scriptOf(user.content)).then((ended) => {
    if (ended) next(stage, session.id);
  });
  const shown = branchOf(world, session.id);
  const find = (id: string): Message => structuredClone(shown.find((one) => one.id === id) ?? reply);
  return { request_id: requestId, session: { ...session }, user_message: find(user.id), answer: find(reply.id) };
}

/** Sends what waits first in a conversation; other windows are told. */
export function next(stage: Stage, sessionId: string): void {
  const around = aroundOf(stage.world, sessionId);
  const first = around.queue.shift();
  if (!first) return;
  const started = send(stage, first.send);
  stage.stream.say("", { type: "progress", data: { type: "queue_changed", data: { session_id: sessionId, queue: structuredClone(around.queue) } } });
  stage.stream.say(started.request_id, { type: "progress", data: { type: "turn_began", data: started } });
}

/** Plays an answer; whether it ended well, so that what waits may follow. */
async function play(stage: Stage, id: string, sessionId: string, reply: Message, script: Script): Promise<boolean> {
  const { stream } = stage;
  const subject = { kind: "chat" as const, host_id: reply.host_id, session_id: sessionId, message_id: reply.id };
  const begun = Date.now();
  stream.say(id, { type: "progress", data: { type: "started", data: subject } });
  for (const phase of ["connecting", "loading", "prompt"] as const) {
    stream.say(id, { type: "progress", data: { type: "chat_phase", data: phase } });
    await sleep(script.phaseMs);
  }
  const say = (part: "content" | "reasoning", text: string): void => {
    const data = { session_id: sessionId, message_id: reply.id, part, offset: reply[part].length, text };
    stream.say(id, { type: "chunk", data });
    reply[part] += text;
  };
  const thinking = Date.now();
  const reasoning = reply.content === "" ? script.reasoning : [];
  for (const word of reasoning) {
    say("reasoning", word);
    await sleep(script.paceMs);
  }
  const reasoning_ms = reasoning.length > 0 ? Date.now() - thinking : null;
  let stopped = false;
  let count = 0;
  for (const word of script.words.slice(reply.content.match(/\s*\S+/g)?.length ?? 0)) {
    stopped = stage.cancelled(id);
    if (stopped) break;
    if (count === script.failAfter) {
      Object.assign(reply, { state: "failed", error: LOST });
      stream.say(id, { type: "error", data: LOST });
      return false;
    }
    count += 1;
    say("content", word);
    await sleep(script.paceMs);
  }
  const total = Date.now() - begun;
  const stats = {
    ...NO_STATS,
    prompt_tokens: script.promptTokens,
    cached_tokens: Math.floor(script.promptTokens / 2),
    queue_ms: 3,
    reasoning_ms,
    context_size: 32_768,
    completion_tokens: count,
    first_token_ms: 300,
    total_ms: total,
    tokens_per_second: (count * 1000) / Math.max(1, total - 300),
    prompt_tokens_per_second: 512,
    finish_reason: stopped ? null : "stop",
  };
  Object.assign(reply, { state: stopped ? "stopped" : "complete", stats });
  stream.say(id, {
    type: "complete",
    data: { type: "chat", data: { session_id: sessionId, message_id: reply.id, stopped, stats } },
  });
  return !stopped;
}
