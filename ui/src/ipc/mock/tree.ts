import { blankView, CHAT_SETTINGS, NO_DRAFT } from "../blank";
import type { Compaction, ChatSettings, Draft, Message, QueuedMessage, SessionView } from "../bindings";
import type { World } from "./world";

/** What stands around the messages of a conversation. */
export interface Around {
  /** The last message of the branch that is shown; the newest one when absent. */
  leaf: string | null;
  settings: ChatSettings;
  compactions: Compaction[];
  queue: QueuedMessage[];
  draft: Draft;
}

/** What stands around a conversation's messages, made when it is first asked for. */
export function aroundOf(world: World, sessionId: string): Around {
  let known = world.around.get(sessionId);
  if (!known) {
    known = { leaf: null, settings: CHAT_SETTINGS, compactions: [], queue: [], draft: NO_DRAFT };
    world.around.set(sessionId, known);
  }
  return known;
}

/** All messages of a conversation; those that name no parent follow the one before them. */
export function allOf(world: World, sessionId: string): Message[] {
  const all = world.messages.get(sessionId) ?? [];
  world.messages.set(sessionId, all);
  let before: Message | undefined;
  for (const message of all) {
    if (message.parent_id === null && message.position > 0) message.parent_id = before?.id ?? null;
    before = message;
  }
  return all;
}

/** The messages that are shown, each with its versions. */
export function branchOf(world: World, sessionId: string): Message[] {
  const all = allOf(world, sessionId);
  const byId = new Map(all.map((message) => [message.id, message]));
  const siblings = new Map<string | null, string[]>();
  for (const { id, parent_id } of all) siblings.set(parent_id, [...(siblings.get(parent_id) ?? []), id]);
  const branch: Message[] = [];
  const leaf = aroundOf(world, sessionId).leaf;
  let at = (leaf === null ? undefined : byId.get(leaf)) ?? all.at(-1);
  while (at) {
    const versions = siblings.get(at.parent_id) ?? [];
    branch.unshift({ ...at, versions: versions.length > 1 ? versions : [] });
    at = at.parent_id === null ? undefined : byId.get(at.parent_id);
  }
  return branch;
}

/** The newest message below one, or itself. */
export function leafBelow(world: World, sessionId: string, messageId: string): string {
  const all = allOf(world, sessionId);
  let at = messageId;
  for (;;) {
    const child = all.findLast(({ parent_id }) => parent_id === at);
    if (!child) return at;
    at = child.id;
  }
}

/** A conversation as `session_get` tells it. */
export function viewOf(world: World, sessionId: string, last: number | null = null): SessionView {
  const session = world.sessions.find(({ id }) => id === sessionId);
  if (!session) throw new Error("no such chat");
  const { settings, compactions, queue, draft } = aroundOf(world, sessionId);
  const branch = branchOf(world, sessionId);
  const messages = last === null ? branch : branch.slice(-last);
  const earlier = messages.length < branch.length;
  return structuredClone(blankView(session, messages, { earlier, settings, compactions, queue, draft }));
}
