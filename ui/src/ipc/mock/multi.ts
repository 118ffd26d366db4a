import type { ChatStarted, Conversation, ConversationSetup, Message, Session, SessionView, TaskInfo } from "../bindings";
import { blankSession, blankView, NO_STATS } from "../blank";
import { messageOf } from "./chat";
import type { Handlers } from "./index";
import { fillMulti, lineOf, PROOF, SUMMARY } from "./multi-worlds";
import { sleep, type MockStream } from "./stream";
import type { World } from "./world";

/** Between two words of a host: some are slow. */
const PACES: Record<string, number> = { "lab-gpu-2": 110, "rented-4090": 12 };

/** Several models: comparisons and conversations between models. */
export class MultiMock {
  #world: World;
  #stream: MockStream;
  #cancelled: (id: string) => boolean;
  #conversations = new Map<string, Conversation>();
  #pausing = new Set<string>();

  constructor(world: World, stream: MockStream, name: string, cancelled: (id: string) => boolean) {
    this.#world = world;
    this.#stream = stream;
    this.#cancelled = cancelled;
    const conversation = fillMulti(world, name);
    if (conversation) this.#conversations.set("talk", conversation);
    if (name === "compare-writing" || name === "compare-waiting")
      for (const column of this.#columns("cmp").slice(1)) void this.#playColumn(column);
    if (conversation?.state === "running") void this.#play("talk", "conversation-talk", null);
  }

  /** What a view of a conversation also holds. */
  complete(view: SessionView): SessionView {
    const { id } = view.session;
    return { ...view, columns: this.#columns(id), conversation: this.#conversations.get(id) ?? null };
  }

  get handlers(): Partial<Handlers> {
    return {
      compare_start: ({ columns }) => {
        const head = this.#add({ title: "Side by side", kind: "compare" });
        columns.forEach(({ host_id, model }, column) =>
          this.#add({ title: `Column ${column + 1}`, host_id, model: model ?? this.#modelOf(host_id), group_id: head.id, column }),
        );
        return this.#view(head);
      },
      compare_take: ({ session_id }) => ({ ...Object.assign(this.#session(session_id), { group_id: null, column: null }) }),
      conversation_put: ({ session_id, setup }) => this.#put(session_id, setup),
      conversation_run: ({ session_id, steps }) => {
        const request_id = `conversation-${crypto.randomUUID().slice(0, 8)}`;
        void this.#play(session_id, request_id, steps);
        return { request_id };
      },
      conversation_pause: ({ session_id }) => {
        this.#pausing.add(session_id);
        this.#become(session_id, "-", { state: "pausing" });
        return {};
      },
      conversation_say: ({ session_id, text, audience }) => {
        const session = this.#session(session_id);
        const messages = this.#messages(session_id);
        messages.push(messageOf(session_id, messages.length, { content: text, audience }));
        return this.#view(session);
      },
    };
  }

  #put(sessionId: string | null, setup: ConversationSetup): SessionView {
    const session = sessionId === null ? this.#add({ title: setup.opening.slice(0, 40), kind: "conversation" }) : this.#session(sessionId);
    const known = this.#conversations.get(session.id) ?? { state: "ready", turns_done: 0, tokens_used: 0, next_speaker: 0, setup };
    const state = known.state === "finished" && setup.turns > known.turns_done ? "paused" : known.state;
    this.#conversations.set(session.id, { ...known, setup, state });
    if (sessionId === null) this.#messages(session.id).push(messageOf(session.id, 0, { content: setup.opening }));
    return this.#view(session);
  }

  async #play(sessionId: string, requestId: string, steps: number | null): Promise<void> {
    const subject = { kind: "conversation" as const, host_id: null, session_id: sessionId, message_id: null };
    await sleep(10);
    this.#stream.say(requestId, { type: "progress", data: { type: "started", data: subject } });
    this.#pausing.delete(sessionId);
    this.#become(sessionId, requestId, { state: "running" });
    let left = steps ?? Infinity;
    let state: Conversation["state"] = "paused";
    while (left > 0 && !this.#pausing.has(sessionId)) {
      const stopped = await this.#turn(sessionId, requestId);
      left -= 1;
      const { turns_done, setup } = this.#conversation(sessionId);
      if (stopped) break;
      if (turns_done >= setup.turns) {
        if (setup.summary_by === null || !(await this.#sumUp(sessionId, requestId, setup.summary_by))) state = "finished";
        break;
      }
    }
    this.#become(sessionId, requestId, { state });
    const data = { session_id: sessionId, conversation: this.#conversation(sessionId) };
    this.#stream.say(requestId, { type: "complete", data: { type: "conversation", data } });
  }

  /** One turn; resolves to whether it was stopped. */
  async #turn(sessionId: string, requestId: string): Promise<boolean> {
    const { next_speaker: speaker, setup, turns_done, tokens_used } = this.#conversation(sessionId);
    const reply = this.#begin(sessionId, requestId, speaker, false);
    const stopped = await this.#speak(requestId, reply, lineOf(turns_done));
    const tokens = reply.stats.completion_tokens ?? 0;
    const next_speaker = (speaker + 1) % setup.participants.length;
    this.#become(sessionId, requestId, { turns_done: turns_done + 1, tokens_used: tokens_used + tokens, next_speaker });
    return stopped;
  }

  /** A summary; resolves to whether it was stopped. */
  #sumUp(sessionId: string, requestId: string, speaker: number): Promise<boolean> {
    return this.#speak(requestId, this.#begin(sessionId, requestId, speaker, true), SUMMARY);
  }

  /** Gives the word to somebody. */
  #begin(sessionId: string, requestId: string, speaker: number, summary: boolean): Message {
    const host_id = this.#conversation(sessionId).setup.participants[speaker]?.host_id ?? "studio";
    const messages = this.#messages(sessionId);
    const asked = messages.at(-1) ?? messageOf(sessionId, 0, {});
    const who = { role: "assistant" as const, speaker, summary, host_id, model: this.#modelOf(host_id) };
    const reply = messageOf(sessionId, messages.length, { ...who, state: "streaming", request_id: requestId });
    messages.push(reply);
    const session = this.#session(sessionId);
    const data: ChatStarted = { request_id: requestId, session: { ...session }, user_message: { ...asked }, answer: { ...reply } };
    this.#stream.say(requestId, { type: "progress", data: { type: "turn_began", data } });
    return reply;
  }

  async #playColumn({ id, host_id }: Session): Promise<void> {
    const requestId = `chat-${id}`;
    const reply = this.#messages(id).at(-1);
    if (!reply) return;
    reply.request_id = requestId;
    const subject = { kind: "chat" as const, host_id, session_id: id, message_id: reply.id };
    const at = Date.now() - 3_500;
    const task: TaskInfo = { request_id: requestId, subject, state: "running", queued_at: at, started_at: at, ended_at: null, steps: [], prompt: null, outcome: null };
    this.#world.tasks.push(task);
    await sleep(400);
    this.#stream.say(requestId, { type: "progress", data: { type: "chat_phase", data: "prompt" } });
    if (host_id === "lab-gpu-2") while (!this.#cancelled(requestId)) await sleep(200);
    const stopped = await this.#speak(requestId, reply, PROOF.repeat(40));
    const { stats } = reply;
    Object.assign(task, { state: "done", ended_at: Date.now() });
    this.#stream.say(requestId, { type: "complete", data: { type: "chat", data: { session_id: id, message_id: reply.id, stopped, stats } } });
  }

  /** Plays a text word by word; resolves to whether it was stopped. */
  async #speak(requestId: string, reply: Message, text: string): Promise<boolean> {
    const begun = Date.now();
    let count = 0;
    let stopped = false;
    await sleep(200);
    for (const word of text.match(/\s*\S+/g) ?? []) {
      stopped = this.#cancelled(requestId);
      if (stopped) break;
      const data = { session_id: reply.session_id, message_id: reply.id, part: "content" as const, offset: reply.content.length, text: word };
      this.#stream.say(requestId, { type: "chunk", data });
      reply.content += word;
      count += 1;
      await sleep(PACES[reply.host_id ?? ""] ?? 40);
    }
    const total_ms = Date.now() - begun;
    const figures = { completion_tokens: count, first_token_ms: 200, total_ms, tokens_per_second: (count * 1000) / Math.max(1, total_ms - 200) };
    Object.assign(reply, { state: stopped ? "stopped" : "complete", stats: { ...NO_STATS, ...figures } });
    return stopped;
  }

  #become(sessionId: string, requestId: string, part: Partial<Conversation>): void {
    const conversation = { ...this.#conversation(sessionId), ...part };
    this.#conversations.set(sessionId, conversation);
    const data = { session_id: sessionId, conversation };
    this.#stream.say(requestId, { type: "progress", data: { type: "conversation_changed", data } });
  }

  #view(session: Session): SessionView {
    return structuredClone(this.complete(blankView(session, this.#messages(session.id))));
  }

  #columns(headId: string): Session[] {
    const columns = this.#world.sessions.filter(({ group_id }) => group_id === headId);
    return columns.sort((a, b) => (a.column ?? 0) - (b.column ?? 0));
  }

  #add(part: Partial<Session>): Session {
    const now = Date.now();
    const session = blankSession(crypto.randomUUID(), { created_at: now, updated_at: now, ...part });
    this.#world.sessions.unshift(session);
    this.#world.messages.set(session.id, []);
    return session;
  }

  #session(id: string): Session {
    const session = this.#world.sessions.find((item) => item.id === id);
    if (!session) throw new Error(`no session ${id}`);
    return session;
  }

  #messages(id: string): Message[] {
    return this.#world.messages.get(id) ?? [];
  }

  #conversation(id: string): Conversation {
    const conversation = this.#conversations.get(id);
    if (!conversation) throw new Error(`no conversation ${id}`);
    return conversation;
  }

  #modelOf(hostId: string): string | null {
    return this.#world.connections.find((item) => item.host_id === hostId)?.model ?? null;
  }
}
