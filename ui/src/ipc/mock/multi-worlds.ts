import type { Conversation, ConversationSetup, Message, Participant } from "../bindings";
import { blankSession, NO_SAMPLING, NO_STATS } from "../blank";
import { messageOf } from "./chat";
import { LOST } from "./faults";
import { connectionOf, type World } from "./world";

const QUESTION =
  "Is every continuous function on a closed interval uniformly continuous? Give the shortest proof you trust, then one sentence on where compactness enters.";

export const PROOF = `Yes, this is the Heine–Cantor theorem.

**Proof.** Fix ε > 0. For each x choose δ(x) so that f varies by less than ε/2 on the ball of radius δ(x). The balls of half that radius cover the interval; finitely many suffice.

1. The interval is compact, so finitely many balls cover it.
2. Let δ be the least of the finitely many half-radii.
3. If |x − y| < δ, both points lie in one of the full balls.

**Where compactness enters:** only in step 1, to pick finitely many balls.`;

const LINES: readonly [string, string][] = [
  ["Because the tree is one, a rename is one commit. Nobody has to remember which of the forty services still speaks the old name, and the compiler says so today instead of a pager next week.", "Then the cost has only moved. A change that touches forty services still needs forty owners to look; one commit does not make one review."],
  ["True, and I do not claim otherwise. What one commit buys is that no intermediate state exists: the forty owners review the same tree, and either all of it lands or nothing does.", "That number decides it for me. Sixty people without a build team means:\n\n- nobody owns the test selection, so every push runs everything;\n- a broken main stops all sixty, not one team of six.\n\nStart with a handful of repositories along team lines."],
];

/** How a conversation is summed up. */
export const SUMMARY =
  "Both agree that **one commit beats an order of merges**, and that a rename should be one review.\n\n- *Open:* who owns the selection of tests while there is no build team.\n- The Sceptic would start with a handful of repositories along team lines; the Advocate with one repository and a merge queue.";

/** What a speaker says in a turn, from 0. */
export function lineOf(turn: number): string {
  const pair = LINES[Math.floor(turn / 2) % LINES.length];
  return pair?.[turn % 2 === 0 ? 0 : 1] ?? "";
}

const MODELS: Record<string, string> = {
  studio: "Qwen3-30B-A3B-Instruct-Q4_K_M",
  "rented-4090": "gpt-oss-20b-mxfp4",
  "lab-gpu-2": "Llama-3.3-70B-Instruct-Q4_K_M",
};

function stats(tokens: number, rate: number, first: number) {
  const total_ms = first + (tokens * 1000) / rate;
  return { ...NO_STATS, prompt_tokens: 64, completion_tokens: tokens, first_token_ms: first, tokens_per_second: rate, total_ms, finish_reason: "stop" };
}

/** A comparison of the given hosts; each column holds the question and its answer. */
function addCompare(world: World, title: string, hosts: readonly string[], answers: readonly Partial<Message>[]): void {
  const at = Date.now() - 30_000;
  world.sessions.unshift(blankSession("cmp", { title, kind: "compare", created_at: at, updated_at: at }));
  world.messages.set("cmp", []);
  hosts.forEach((host_id, column) => {
    const id = `cmp-${column}`;
    const model = MODELS[host_id] ?? null;
    const question = messageOf(id, 0, { content: QUESTION, created_at: at });
    const reply = messageOf(id, 1, { role: "assistant", host_id, model, created_at: at, parent_id: question.id, ...answers[column] });
    const part = { title, host_id, model, group_id: "cmp", column, created_at: at, updated_at: at };
    world.sessions.push(blankSession(id, { ...part, message_count: 2, last_state: reply.state }));
    world.messages.set(id, [question, reply]);
  });
}

const THREE = ["studio", "rented-4090", "lab-gpu-2"];
const DONE: Partial<Message>[] = [
  { content: PROOF, reasoning: "Sequences or covers? Covers are shorter.", stats: stats(534, 64.1, 420) },
  { content: PROOF.slice(0, 420), stats: stats(421, 141.8, 550) },
  { content: PROOF, stats: stats(498, 9.1, 4800) },
];

function participant(name: string, host_id: string, system_prompt: string): Participant {
  return { name, host_id, model: null, system_prompt, sampling: NO_SAMPLING };
}

const TWO = [
  participant("Advocate", "studio", "You argue for one repository. Concede what is true. At most 120 words a turn, no lists."),
  participant("Skeptic", "lab-gpu-2", "You doubt every claim of cost and speed. Ask for numbers. At most 120 words a turn."),
];
const FOUR = [
  ...TWO,
  participant("Редактор отдела технической документации", "rented-4090", "Правишь стиль и следишь за ясностью."),
  participant("Moderator", "studio", ""),
];

function conversationOf(participants: Participant[], part: Partial<Conversation>, rules: Partial<ConversationSetup> = {}): Conversation {
  const setup = { participants, order: "in_turn" as const, turns: 12, tokens: 20_000, end_phrase: "agreed", summary_by: null, opening: "Monorepo or many repositories, for a company that grows?", ...rules };
  return { setup, state: "ready", turns_done: 0, tokens_used: 0, next_speaker: 0, ...part };
}

/** A conversation with so many turns, the last of which may have ended otherwise. */
function addConversation(world: World, title: string, conversation: Conversation, last: Partial<Message> = {}): void {
  const at = Date.now() - 90_000;
  const id = "talk";
  const { participants, opening } = conversation.setup;
  const messages: Message[] = [messageOf(id, 0, { content: opening, created_at: at })];
  const turns = conversation.turns_done + (last.state ? 1 : 0);
  for (let turn = 0; turn < turns; turn += 1) {
    if (turn === 5) messages.push(messageOf(id, messages.length, { content: "Assume 60 engineers and no dedicated build team." }));
    const speaker = turn % participants.length;
    const { host_id } = participants[speaker] ?? { host_id: "studio" };
    const figures = { model: MODELS[host_id] ?? null, host_id, stats: stats(118 + turn * 9, host_id === "lab-gpu-2" ? 9.1 : 63.7, 420) };
    const ending = turn === turns - 1 ? last : {};
    messages.push(messageOf(id, messages.length, { role: "assistant", speaker, content: lineOf(turn), ...figures, ...ending }));
  }
  if (conversation.setup.summary_by !== null) {
    const ask = { content: "What would you do with sixty engineers?", audience: 1 };
    messages.splice(-2, 0, messageOf(id, messages.length - 2, ask));
    const by = { role: "assistant" as const, speaker: conversation.setup.summary_by, summary: true, host_id: "studio", model: MODELS.studio ?? null };
    messages.push(messageOf(id, messages.length, { ...by, content: SUMMARY, stats: stats(96, 63.7, 420) }));
  }
  world.sessions.unshift(
    blankSession(id, { title, kind: "conversation", created_at: at, updated_at: at, message_count: messages.length, last_state: messages.at(-1)?.state ?? null }),
  );
  world.messages.set(id, messages);
}

/**
 * Comparisons and conversations to look at: `compare`, `compare-writing`, `compare-waiting`,
 * `compare-failed`, `compare-four`; `conversation-ready`, `-running`, `-paused`, `-failed`, `-finished`,
 * `-four`, `-interrupted`, `-summary`. Returns the conversation, if there is one.
 */
export function fillMulti(world: World, name: string): Conversation | null {
  if (!name.startsWith("compare") && !name.startsWith("conversation")) return null;
  world.connections = world.connections.filter(({ host_id }) => host_id !== "rented-4090");
  world.connections.push(connectionOf("rented-4090", { model: MODELS["rented-4090"] ?? null, round_trip_ms: 31 }));
  const studio = world.connections.find(({ host_id }) => host_id === "studio");
  const model = { context_size: 32_768, vision: false };
  if (studio)
    studio.models = [
      { id: MODELS.studio ?? "", loaded: true, ...model },
      { id: "Qwen3-Coder-30B-A3B-Instruct-Q4_K_M", loaded: false, ...model },
    ];
  const title = "Three models on one proof";
  if (name === "compare") addCompare(world, title, THREE, DONE);
  if (name === "compare-four") addCompare(world, title, [...THREE, "studio"], [...DONE, { content: PROOF, stats: stats(512, 58.3, 460) }]);
  if (name === "compare-failed")
    addCompare(world, title, THREE, [DONE[0] ?? {}, { content: PROOF.slice(0, 240), state: "failed", error: LOST }, { content: PROOF.slice(0, 120), state: "stopped" }]);
  if (name === "compare-writing" || name === "compare-waiting") {
    const lab = world.connections.find(({ host_id }) => host_id === "lab-gpu-2");
    const gauges = { at: Date.now(), gpus: [], memory_total_bytes: null, memory_used_bytes: null, disk_total_bytes: null, disk_free_bytes: null, engine_memory_bytes: null, kv_cache_used: 0.8 };
    if (lab) lab.gauges = { ...gauges, slots_total: 4, slots_busy: 4, queue: 2 };
    const open = { content: "", state: "streaming" as const };
    addCompare(world, title, THREE, [DONE[0] ?? {}, open, open]);
  }
  if (!name.startsWith("conversation")) return null;

  const [, kind] = name.split("-");
  const conversation =
    kind === "running"
      ? conversationOf(TWO, { state: "running", turns_done: 6, tokens_used: 4180 })
      : kind === "paused"
        ? conversationOf(TWO, { state: "paused", turns_done: 4, tokens_used: 512 })
        : kind === "interrupted"
          ? conversationOf(TWO, { state: "paused", turns_done: 4, tokens_used: 512 })
          : kind === "failed"
            ? conversationOf(TWO, { state: "failed", turns_done: 3, tokens_used: 381, next_speaker: 1 })
            : kind === "finished" || kind === "summary"
              ? conversationOf(TWO, { state: "finished", turns_done: 12, tokens_used: 1_930 }, { summary_by: kind === "summary" ? 0 : null })
              : kind === "four"
                ? conversationOf(FOUR, { state: "paused", turns_done: 6, tokens_used: 840, next_speaker: 2 })
                : conversationOf(TWO, {});
  const last: Partial<Message> =
    kind === "failed"
      ? { state: "failed", error: LOST, content: lineOf(3).slice(0, 60), stats: NO_STATS }
      : kind === "interrupted"
        ? { state: "interrupted", content: lineOf(4).slice(0, 90), stats: NO_STATS }
        : {};
  addConversation(world, "Debate: monorepo or many", conversation, last);
  return conversation;
}
