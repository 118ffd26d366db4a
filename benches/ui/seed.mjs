// A file of conversations in Slipway's own format (src-tauri/crates/core/src/exchange/slipway.rs).
import { once } from "node:events";
import { createWriteStream } from "node:fs";

import { answer, dice, question } from "./words.mjs";

/** Messages of a conversation that is opened, by size. Each is opened once: the second time it is in the window already. */
export const SIZES = [100, 1_000, 10_000];
/** Conversations of each size. */
export const OPENINGS = 5;
/** All messages together. */
export const MESSAGES = 100_000;

/** Words that searches look for: nearly everywhere, here and there, and in a few messages only. */
export const SEARCHED = { common: ["server", "model", "answer"], rare: ["zephyrine", "quillwort", "halcyon"] };
/** One answer in so many holds the rare words. */
const RARE = 5_000;

const BEGAN = Date.UTC(2026, 0, 1);
/** Of a conversation that others are opened from. */
const REST_MESSAGES = 20;

/** The name of a conversation that is opened; `at` counts from 0. */
export function openedId(size, at) {
  return `bench-${size}-${at}`;
}

/** The conversation between two openings. */
export const REST = "bench-rest";

/** The last message of a conversation. */
export function lastId(session, size) {
  return `${session}-${size - 1}`;
}

/** All conversations of the file: name, length, whether on top of the list. */
function* conversations() {
  let left = MESSAGES;
  for (const size of SIZES) {
    for (let at = 0; at < OPENINGS; at += 1) {
      left -= size;
      yield { id: openedId(size, at), size, pinned: true };
    }
  }
  left -= REST_MESSAGES;
  yield { id: REST, size: REST_MESSAGES, pinned: true };
  for (let at = 0; left > 0; at += 1) {
    const size = Math.min(left, 20 + (at % 9) * 20);
    left -= size;
    yield { id: `bench-other-${at}`, size, pinned: false };
  }
}

/** Writes the file; returns how many conversations it holds. */
export async function writeSeed(path) {
  const file = createWriteStream(path);
  const write = async (text) => {
    if (!file.write(text)) await once(file, "drain");
  };
  const next = dice(5);
  let count = 0;
  await write(`{"format":"slipway-chats","version":1,"sessions":[`);
  for (const conversation of conversations()) {
    await write(`${count === 0 ? "\n" : ",\n"}${JSON.stringify(line(conversation, count, next))}`);
    count += 1;
  }
  await write("\n]}\n");
  file.end();
  await once(file, "close");
  return count;
}

function line({ id, size, pinned }, place, next) {
  const at = BEGAN + place * 3_600_000;
  const messages = Array.from({ length: size }, (_, position) => message(id, position, at, next));
  const session = {
    id,
    title: pinned ? `${size} messages (${id})` : question(next),
    host_id: null,
    model: "bench",
    created_at: at,
    updated_at: at + size * 1_000,
    pinned,
    message_count: size,
    kind: "chat",
    folder_id: null,
    archived: false,
    tags: [],
    titled: true,
    group_id: null,
    column: null,
    last_state: "complete",
  };
  return { session, leaf: lastId(id, size), messages };
}

function message(session, position, at, next) {
  const asks = position % 2 === 0;
  let content = asks ? question(next) : answer(next);
  if (!asks && next() < 1 / RARE) content += `\n\nSee ${SEARCHED.rare.join(", ")}.`;
  return {
    id: `${session}-${position}`,
    session_id: session,
    parent_id: position === 0 ? null : `${session}-${position - 1}`,
    position,
    versions: [],
    role: asks ? "user" : "assistant",
    speaker: null,
    attachments: [],
    content,
    reasoning: "",
    state: "complete",
    host_id: null,
    model: asks ? null : "bench",
    created_at: at + position * 1_000,
    request_id: null,
    stats: {},
    error: null,
  };
}
