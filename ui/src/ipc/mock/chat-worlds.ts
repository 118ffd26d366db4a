import type { Message, Preset } from "../bindings";
import { blankSession, NO_SAMPLING, NO_STATS } from "../blank";
import { messageOf } from "./chat";
import { both } from "./stream";
import { aroundOf } from "./tree";
import type { World } from "./world";

const QUESTION =
  "Our `events` table grows by 40 GB a week and autovacuum never catches up. What should I change first, and how do I know it worked?";

const RICH = `Change the thresholds of this one table before anything global. The default waits far too long on a table of this size.

### Why the default is late

Autovacuum starts when the dead rows pass a share of the live ones, 0.2 by default. At 1.2 billion rows that is **240 million dead rows** before the first pass. See [the manual](https://www.postgresql.org/docs/current/routine-vacuuming.html).

\`\`\`sql
ALTER TABLE events SET (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_cost_limit   = 2000,  -- ten times the default
  autovacuum_vacuum_cost_delay   = 1
);
\`\`\`

| Setting | Default | Now | What you should see |
| :-- | --: | --: | :-- |
| scale_factor | 0.2 | 0.01 | a pass every 12 million dead rows |
| cost_limit | 200 | 2,000 | passes of minutes, not hours |

### How to know that it worked

1. \`n_dead_tup\` in \`pg_stat_user_tables\` makes a saw-tooth, not a ramp.
2. The age of the last pass stays under an hour; check it:

   \`\`\`sh
   psql -c "select relname, last_autovacuum from pg_stat_user_tables"
   \`\`\`
3. Tick these off:
   - [x] thresholds set
   - [ ] watched for a day

![a chart](https://charts.example/dead-rows.png)

> A rewrite such as pg_repack gives space back to the disk.`;

const BROKEN = {
  code: "connection_lost" as const,
  message: both("The SSH connection to studio was lost.", "SSH-соединение со studio потеряно."),
  fix: both("Wait until the tunnel is back, then retry.", "Дождитесь туннеля и повторите."),
  detail_id: "d-41c9",
  facts: { type: "hop" as const, data: "tunnel" as const },
};

const MODEL = "Qwen3-30B-A3B-Instruct-Q4_K_M";
const STATS = {
  ...NO_STATS,
  prompt_tokens: 9_666,
  completion_tokens: 386,
  first_token_ms: 410,
  total_ms: 6_400,
  tokens_per_second: 64.2,
  prompt_tokens_per_second: 1_240,
  finish_reason: "stop",
  cached_tokens: 9_280,
  queue_ms: 12,
  context_size: 32_768,
};

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC";

/** Every sampling field set, so that two presets differ. */
function preset(id: string, name: string, system_prompt: string, temperature: number): Preset {
  return { id, name, settings: { system_prompt, sampling: { ...NO_SAMPLING, temperature }, overflow: "ask" } };
}

function turn(id: string, position: number, question: string, part: Partial<Message>): Message[] {
  const reply = { role: "assistant" as const, host_id: "studio", model: MODEL, stats: STATS, content: RICH };
  return [messageOf(id, position, { content: question }), messageOf(id, position + 1, { ...reply, ...part })];
}

function add(world: World, id: string, title: string, messages: Message[], ago: number): void {
  const at = Date.now() - ago;
  const last_state = messages.at(-1)?.state ?? null;
  const count = messages.length;
  world.sessions.unshift(
    blankSession(id, { title, host_id: "studio", model: MODEL, created_at: at, updated_at: at, message_count: count, last_state }),
  );
  world.messages.set(id, messages);
}

/** A conversation with versions, files, what waits, and a beginning that is not sent any more. */
function addTree(world: World): void {
  const report = { id: "f-report", name: "pg_stat_user_tables.csv", mime: "text/csv", kind: "text" as const, bytes: 48_212, tokens: 12_053 };
  const chart = { id: "f-chart", name: "dead-rows.png", mime: "image/png", kind: "image" as const, bytes: 81_040, tokens: null };
  world.files.set(report.id, { attachment: report, data: "relname,n_dead_tup\nevents,240113422\n".repeat(40) });
  world.files.set(chart.id, { attachment: chart, data: PIXEL });
  const messages = [
    ...turn("tree", 0, "What does autovacuum do?", { content: "It removes dead rows, table by table, in the background." }),
    ...turn("tree", 2, "Look at these figures.", { content: "`events` has 240 million dead rows: it is the one table that matters." }),
  ];
  const [asked, said, looked] = messages;
  if (!asked || !said || !looked) return;
  looked.attachments = [report, chart];
  looked.parent_id = said.id;
  const other = messageOf("tree", 2, { content: "Look at these figures, only at the worst table.", parent_id: said.id, attachments: [report] });
  const again = turn("tree", 2, "", { content: "Only `events` needs attention. Its dead rows are a fifth of the whole.", parent_id: other.id })[1];
  const third = turn("tree", 2, "", { content: "One table stands out: **events**.", parent_id: other.id, stats: { ...STATS, queue_ms: 3_400, completion_tokens: 9 } })[1];
  if (!again || !third) return;
  add(world, "tree", "Versions, files and a queue", [...messages, other, again, third], 20_000);
  const around = aroundOf(world, "tree");
  around.leaf = third.id;
  around.compactions = [
    { id: "k1", until: said.id, summary: "The person asked what autovacuum does; it **removes dead rows**.", tokens_before: 1_840, tokens_after: 42, created_at: Date.now() },
  ];
  const request = { session_id: "tree", host_id: "studio", model: null, attachments: [], settings: around.settings, replaces: null, stream: true };
  around.queue = ["And how long will the first pass take?", "Then write it as a runbook."].map((text, index) => ({
    id: `w${index}`, send: { ...request, text }, created_at: Date.now(),
  }));
}

/** Conversations to look at: every construct, every way to end, a long one, and many. */
export function fillChats(world: World, name: string): void {
  if (!name.startsWith("chat")) return;
  add(world, "rich", "Autovacuum never catches up", turn("rich", 0, QUESTION, {}), 60_000);
  add(world, "failed", "Nightly summary", turn("failed", 0, "Explain how the tunnel survives sleep.", {
    content: "When the machine wakes, the timer of the health check is in the past, so it fires at once. Three things happen in order:\n\n1. The keep-alive goes out.\n2. The local port stays open.\n3. The login is repeated with the same key, and the forward is asked for on the same",
    state: "failed",
    error: BROKEN,
    stats: { ...STATS, completion_tokens: 148, finish_reason: null },
  }), 120_000);
  add(world, "ends", "How answers end", [
    ...turn("ends", 0, "Stopped?", { content: "This one was stopped in mid-", state: "stopped" }),
    ...turn("ends", 2, "Cut?", { content: "This one reached its limit of", stats: { ...STATS, finish_reason: "length" } }),
    ...turn("ends", 4, "x = 1\n".repeat(400), { content: "That is a long message.", reasoning: "The user repeats one line.\nI say so.".repeat(32), stats: { ...STATS, reasoning_ms: 4_900 } }),
    ...turn("ends", 6, "Interrupted?", { content: "This one was being written when", state: "interrupted" }),
  ], 180_000);
  addTree(world);
  add(world, "nearly", "Nearly full", turn("nearly", 0, QUESTION, { stats: { ...STATS, prompt_tokens: 31_204, completion_tokens: 640 } }), 240_000);
  world.presets = [preset("p1", "Careful engineer", "Answer as a careful database engineer. Short sentences.", 0.3), preset("p2", "Writer", "", 1.1)];
  world.snippets = [
    { id: "s1", name: "explain", text: "Explain {{subject}} to {{whom}}, with one example." },
    { id: "s2", name: "review", text: "Review this change for errors. Be short.\n\n" },
    { id: "s3", name: "translate", text: "Translate into {{language}}:\n\n" },
  ];
  const studio = world.connections.find(({ host_id }) => host_id === "studio");
  if (studio) {
    studio.models = [
      { id: MODEL, loaded: true, context_size: 32_768, vision: false },
      { id: "Qwen2.5-VL-7B-Instruct", loaded: false, context_size: 131_072, vision: true },
      ...Array.from({ length: name === "chats-models" ? 20 : 1 }, (_, index) => ({ id: `gemma3:${index + 4}b`, loaded: null, context_size: 8_192, vision: null })),
    ];
    studio.model = MODEL;
  }
  if (name === "chats-long" || name === "chats-huge") {
    const count = name === "chats-huge" ? 5_000 : 500;
    const messages = Array.from({ length: count }, (_, index) => turn("long", index * 2, `Question ${index + 1}: ${QUESTION}`, {})).flat();
    add(world, "long", "A thousand messages", messages, 1_000);
  }
  if (name === "chats-many")
    for (let index = 0; index < 2_000; index += 1)
      add(world, `many-${index}`, `Conversation number ${index} about half-close and tunnels`, [], index * 7_200_000);
}
