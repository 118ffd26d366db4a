import type { ChatRetry, ChatSend, ChatStarted, Message, Session } from "../bindings";
import { sleep, type MockStream } from "./stream";
import type { World } from "./world";

const NO_STATS: Message["stats"] = {
  prompt_tokens: null,
  completion_tokens: null,
  first_token_ms: null,
  total_ms: null,
  tokens_per_second: null,
  prompt_tokens_per_second: null,
  finish_reason: null,
};

const ANSWER = `The harbour is calm, and the slipway is greased.

1. Check the cradle.
2. Knock out the last \`keel block\`.

\`\`\`rust
fn launch(ship: &mut Ship) -> Result<(), Stuck> {
    ship.slide()
}
\`\`\`

Then wait for **the tide**.`;

export function messageOf(sessionId: string, position: number, part: Partial<Message>): Message {
  return {
    id: crypto.randomUUID(),
    session_id: sessionId,
    position,
    role: "user",
    content: "",
    reasoning: "",
    state: "complete",
    host_id: null,
    model: null,
    created_at: Date.now(),
    request_id: null,
    stats: NO_STATS,
    error: null,
    ...part,
  };
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
    session = { id: crypto.randomUUID(), title, host_id: null, model: null, created_at: now, updated_at: now, pinned: false, message_count: 0 };
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
  void play(stream, requestId, session.id, reply, () => cancelled(requestId));
  return { request_id: requestId, session: { ...session }, user_message: user, answer: { ...reply } };
}

async function play(
  stream: MockStream,
  id: string,
  sessionId: string,
  reply: Message,
  cancelled: () => boolean,
): Promise<void> {
  const subject = { kind: "chat" as const, host_id: reply.host_id, session_id: sessionId, message_id: reply.id };
  const begun = Date.now();
  stream.say(id, { type: "progress", data: { type: "started", data: subject } });
  stream.say(id, { type: "progress", data: { type: "chat_phase", data: "prompt" } });
  await sleep(300);
  const words = ANSWER.match(/\s*\S+/g) ?? [];
  let stopped = false;
  let count = 0;
  for (const word of words) {
    stopped = cancelled();
    if (stopped) break;
    count += 1;
    stream.say(id, {
      type: "chunk",
      data: { session_id: sessionId, message_id: reply.id, part: "content", offset: reply.content.length, text: word },
    });
    reply.content += word;
    await sleep(40);
  }
  const total = Date.now() - begun;
  const stats = {
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
