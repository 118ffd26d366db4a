import type { ChatRetry, ChatSend, ChatStarted, Message, Session } from "../bindings";
import { blankMessage, blankSession, NO_STATS } from "../blank";
import { both, sleep, type MockStream } from "./stream";
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

/** How an answer plays, by the first word of the question: `long`, `fail`, `slow`, `think`. */
interface Script {
  words: string[];
  /** Between two words. */
  paceMs: number;
  /** Each phase before the first word. */
  phaseMs: number;
  reasoning: string[];
  /** Broken off after so many words. */
  failAfter: number;
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
  };
}

const LOST = {
  code: "stream_broken" as const,
  message: both("The answer broke off: the engine closed the stream.", "Ответ оборвался: движок закрыл поток."),
  fix: both("Try again.", "Повторите."),
  detail_id: "d-50b1",
  facts: null,
};

export function messageOf(sessionId: string, position: number, part: Partial<Message>): Message {
  return blankMessage(crypto.randomUUID(), sessionId, { position, created_at: Date.now(), ...part });
}

function modelOf(world: World, hostId: string): string | null {
  return world.connections.find((item) => item.host_id === hostId)?.model ?? null;
}

/** Takes a message and plays its answer. */
export function send(world: World, stream: MockStream, request: ChatSend, cancelled: (id: string) => boolean): ChatStarted {
  let session = world.sessions.find((item) => item.id === request.session_id);
  if (!session) {
    const now = Date.now();
    const title = request.text.split(/\s+/).slice(0, 6).join(" ");
    session = blankSession(crypto.randomUUID(), { title, created_at: now, updated_at: now });
    world.sessions.unshift(session);
    world.messages.set(session.id, []);
  }
  const messages = world.messages.get(session.id) ?? [];
  const user = messageOf(session.id, messages.length, { content: request.text });
  messages.push(user);
  return answer(world, stream, session, messages, user, request.host_id, cancelled);
}

/** Answers the last message again. */
export function retry(world: World, stream: MockStream, request: ChatRetry, cancelled: (id: string) => boolean): ChatStarted {
  const session = world.sessions.find((item) => item.id === request.session_id);
  const messages = world.messages.get(request.session_id) ?? [];
  if (messages.at(-1)?.role === "assistant") messages.pop();
  const user = messages.at(-1);
  if (!session || !user) throw new Error("nothing to answer");
  return answer(world, stream, session, messages, user, request.host_id, cancelled);
}

function answer(
  world: World,
  stream: MockStream,
  session: Session,
  messages: Message[],
  user: Message,
  hostId: string,
  cancelled: (id: string) => boolean,
): ChatStarted {
  const requestId = `chat-${crypto.randomUUID()}`;
  const model = modelOf(world, hostId);
  const reply = messageOf(session.id, messages.length, {
    role: "assistant",
    state: "streaming",
    host_id: hostId,
    model,
    request_id: requestId,
  });
  messages.push(reply);
  Object.assign(session, { host_id: hostId, model, updated_at: Date.now(), message_count: messages.length });
  void play(stream, requestId, session.id, reply, scriptOf(user.content), () => cancelled(requestId));
  return { request_id: requestId, session: { ...session }, user_message: user, answer: { ...reply } };
}

async function play(
  stream: MockStream,
  id: string,
  sessionId: string,
  reply: Message,
  script: Script,
  cancelled: () => boolean,
): Promise<void> {
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
  for (const word of script.reasoning) {
    say("reasoning", word);
    await sleep(script.paceMs);
  }
  let stopped = false;
  let count = 0;
  for (const word of script.words) {
    stopped = cancelled();
    if (stopped) break;
    if (count === script.failAfter) {
      Object.assign(reply, { state: "failed", error: LOST });
      stream.say(id, { type: "error", data: LOST });
      return;
    }
    count += 1;
    say("content", word);
    await sleep(script.paceMs);
  }
  const total = Date.now() - begun;
  const stats = {
    ...NO_STATS,
    prompt_tokens: 24,
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
}
