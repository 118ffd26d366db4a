import type { Folder, Session } from "../bindings";
import { blankSession } from "../blank";
import { messageOf } from "./chat";
import { both } from "./stream";
import type { World } from "./world";

/** What the library's commands fail with in `library-broken`. */
export const LIBRARY_FAULT = {
  code: "database_corrupt" as const,
  message: both("The index of the chats cannot be read.", "Указатель чатов не читается."),
  fix: both("Restart Slipway: the index is built anew.", "Перезапустите Slipway: указатель будет построен заново."),
  detail_id: "d-90c4",
  facts: null,
};

const HOUR = 3_600_000;
const MODELS = ["Qwen3-30B-A3B", "Llama-3.3-70B", "gpt-oss-20b"];

const VACUUM =
  "VACUUM reclaims space inside the file; only a rewrite gives it back to the disk, so a plain VACUUM can run beside the copy.";

/** Title, hours ago, and what differs from a plain conversation. */
const CHATS: [string, number, Partial<Session>][] = [
  ["Runbook: rotate the API keys", 300, { pinned: true }],
  ["Partition plan for events", 50, { folder_id: "f-storage", tags: ["postgres"] }],
  ["pg_repack or VACUUM FULL", 70, { folder_id: "f-storage", tags: ["postgres", "work"] }],
  ["Index bloat query", 260, { folder_id: "f-storage", tags: ["postgres"] }],
  ["Notes on “The Soul of a New Machine”", 90, { folder_id: "f-reading" }],
  ["Autovacuum never catches up", 0.1, { tags: ["postgres"] }],
  ["Review: retry loop in the uploader", 0.6, { tags: ["work"] }],
  ["Translate the release notes", 1.5, {}],
  ["Three models on one proof", 2, { kind: "compare" }],
  ["Debate: monorepo or many", 2.5, { kind: "conversation" }],
  ["Why does kv_unified change the speed of parallel chats", 26, {}],
  ["Regex for systemd units", 29, { tags: ["work"] }],
  ["Nightly summary", 31, { last_state: "failed" }],
  ["Packing list, short trip", 40, {}],
  ["Explain MXFP4 in plain words", 80, {}],
  ["Tunnels and half-close", 110, {}],
  ["Letter to the landlord", 130, {}],
  ["Old draft of the talk", 900, { archived: true }],
  ["Questions for the notary", 1400, { archived: true }],
];

/** Puts the conversations of the visual reference into a world; returns its folders. */
export function fillLibrary(world: World, name: string): Folder[] {
  if (!name.startsWith("library")) return [];
  const now = Date.now();
  world.sessions = CHATS.map(([title, hours, part], index) => {
    const at = now - hours * HOUR;
    const model = MODELS[index % MODELS.length] ?? null;
    const base = { title, host_id: index % 3 === 1 ? "lab-gpu-2" : "studio", model, created_at: at, updated_at: at };
    const session = blankSession(`chat-${index}`, { ...base, message_count: 2, last_state: "complete", ...part });
    const answer = index % 4 === 1 ? VACUUM : `About **${title.toLowerCase()}**: it depends on what you measure.`;
    world.messages.set(session.id, [
      messageOf(session.id, 0, { content: title, created_at: at }),
      messageOf(session.id, 1, { role: "assistant", content: answer, host_id: "studio", model, created_at: at }),
    ]);
    return session;
  });
  if (name === "library-many")
    for (let index = 0; index < 2_500; index += 1) {
      const at = now - index * 2 * HOUR;
      const title = `Conversation number ${index} about half-close and tunnels`;
      world.sessions.push(blankSession(`many-${index}`, { title, created_at: at, updated_at: at }));
      world.messages.set(`many-${index}`, []);
    }
  if (name === "library-long") {
    const first = world.sessions[7];
    if (first) first.title = "Донаудампфшиффартсгезелльшафтскапитен и его длинное, очень длинное название чата без конца";
    return [{ id: "f-storage", name: "A folder with a name that goes on for a while and then some more" }];
  }
  return [
    { id: "f-reading", name: "Reading notes" },
    { id: "f-storage", name: "Storage migration" },
  ];
}
