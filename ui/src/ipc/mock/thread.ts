import { blankMessage, blankSession } from "../blank";
import type { Attachment, Commands, Compaction, ErrorInfo, SessionView } from "../bindings";
import * as chat from "./chat";
import type { Handlers } from "./index";
import { both, sleep } from "./stream";
import { allOf, aroundOf, branchOf, leafBelow, viewOf } from "./tree";

function refuse(code: ErrorInfo["code"], en: string, ru: string): never {
  throw { code, message: both(en, ru), fix: both("", ""), detail_id: "d-7f3b", facts: null } satisfies ErrorInfo;
}

const SUMMARY = `- The table \`events\` grows by **40 GB a week**.
- Thresholds of this table were lowered; a pass now starts at 12 million dead rows.
- Still open: whether the disk gets its space back.`;

/** What answers the commands of one conversation: its messages, files, queue, presets and texts. */
export function threadHandlers(stage: chat.Stage): Partial<Handlers> {
  const { world, stream } = stage;

  function attach({ name, mime, kind, data }: Commands["attachment_add"]["request"]): Attachment {
    const bytes = kind === "image" ? Math.round(data.length * 0.75) : new TextEncoder().encode(data).length;
    const tokens = kind === "image" ? null : Math.ceil(bytes / 4);
    const attachment = { id: crypto.randomUUID(), name, mime, kind, bytes, tokens };
    world.files.set(attachment.id, { attachment, data });
    return attachment;
  }

  function show(sessionId: string, leaf: string): SessionView {
    aroundOf(world, sessionId).leaf = leaf;
    return viewOf(world, sessionId);
  }

  async function compact(id: string, sessionId: string, summarise: boolean): Promise<void> {
    const subject = { kind: "compact" as const, host_id: null, session_id: sessionId, message_id: null };
    stream.say(id, { type: "progress", data: { type: "started", data: subject } });
    await sleep(summarise ? 2_500 : 300);
    const branch = branchOf(world, sessionId);
    const until = branch[Math.max(0, Math.floor(branch.length / 2) * 2 - 1)] ?? blankMessage("", sessionId);
    const summary = summarise ? SUMMARY : null;
    const compaction: Compaction = {
      id: crypto.randomUUID(), until: until.id, summary, tokens_before: 18_204, tokens_after: summarise ? 212 : 0, created_at: Date.now(),
    };
    aroundOf(world, sessionId).compactions.push(compaction);
    stream.say(id, { type: "complete", data: { type: "compact", data: compaction } });
  }

  return {
    session_get: ({ session_id, last }) => viewOf(world, session_id, last),
    chat_send: (request) => {
      if (request.text.trim() === "" && request.attachments.length === 0)
        refuse("empty_message", "The message is empty.", "Сообщение пустое.");
      return chat.send(stage, request);
    },
    chat_retry: (request) => chat.retry(stage, request, false),
    chat_continue: (request) => chat.retry(stage, request, true),
    chat_measure: ({ send }) => {
      const files = send.attachments.reduce((sum, id) => sum + (world.files.get(id)?.attachment.tokens ?? 800), 0);
      const message_tokens = Math.ceil(send.text.length / 4) + files;
      const before = send.session_id
        ? branchOf(world, send.session_id).reduce((sum, { content }) => sum + Math.ceil(content.length / 4), 0)
        : 0;
      return { prompt_tokens: before + message_tokens, message_tokens, exact: false, context_size: 32_768 };
    },
    queue_put: ({ id, send }) => {
      const { queue } = aroundOf(world, send.session_id ?? "");
      const known = queue.find((item) => item.id === id);
      if (known) known.send = send;
      else queue.push({ id: crypto.randomUUID(), send, created_at: Date.now() });
      const isBusy = branchOf(world, send.session_id ?? "").at(-1)?.state === "streaming";
      if (!isBusy) chat.next(stage, send.session_id ?? "");
      return structuredClone(queue);
    },
    queue_drop: ({ session_id, id }) => {
      const around = aroundOf(world, session_id);
      around.queue = around.queue.filter((item) => item.id !== id);
      return structuredClone(around.queue);
    },
    attachment_add: attach,
    attachment_drop: () => ({}),
    attachment_get: ({ attachment_id }) => ({
      data: world.files.get(attachment_id)?.data ?? refuse("not_found", "No such file.", "Нет такого файла."),
    }),
    draft_put: ({ session_id, text }) => {
      if (session_id !== null) aroundOf(world, session_id).draft = { text, attachments: [] };
      return {};
    },
    session_configure: ({ session_id, settings }) => {
      aroundOf(world, session_id).settings = settings;
      return {};
    },
    message_show: ({ session_id, message_id }) => show(session_id, leafBelow(world, session_id, message_id)),
    message_edit: ({ session_id, message_id, text }) => {
      const all = allOf(world, session_id);
      const old = all.find(({ id }) => id === message_id) ?? refuse("not_found", "No such message.", "Нет такого сообщения.");
      const edited = { ...old, id: crypto.randomUUID(), content: text };
      all.push(edited);
      return show(session_id, edited.id);
    },
    session_duplicate: ({ session_id, until }) => {
      const branch = branchOf(world, session_id);
      const end = until === null ? branch.length : branch.findIndex(({ id }) => id === until) + 1;
      const old = world.sessions.find(({ id }) => id === session_id);
      const copy = blankSession(crypto.randomUUID(), { ...old, created_at: Date.now(), updated_at: Date.now() });
      copy.id = crypto.randomUUID();
      world.sessions.unshift(copy);
      world.messages.set(
        copy.id,
        branch.slice(0, end).map((message) => ({ ...message, id: crypto.randomUUID(), session_id: copy.id, parent_id: null })),
      );
      return structuredClone(copy);
    },
    session_compact: ({ session_id, summarise }) => {
      const id = `compact-${crypto.randomUUID()}`;
      void compact(id, session_id, summarise);
      return { request_id: id };
    },
    compaction_remove: ({ session_id, compaction_id }) => {
      const around = aroundOf(world, session_id);
      around.compactions = around.compactions.filter(({ id }) => id !== compaction_id);
      return viewOf(world, session_id);
    },
    preset_list: () => structuredClone(world.presets),
    preset_put: ({ id, name, settings }) => {
      const known = world.presets.find((preset) => preset.id === id);
      if (known) Object.assign(known, { name, settings });
      else world.presets.push({ id: crypto.randomUUID(), name, settings });
      world.presets.sort((a, b) => a.name.localeCompare(b.name));
      return structuredClone(world.presets);
    },
    preset_remove: ({ preset_id }) => (world.presets = world.presets.filter(({ id }) => id !== preset_id)),
    snippet_list: () => structuredClone(world.snippets),
    snippet_put: ({ id, name, text }) => {
      const known = world.snippets.find((snippet) => snippet.id === id);
      if (known) Object.assign(known, { name, text });
      else world.snippets.push({ id: crypto.randomUUID(), name, text });
      world.snippets.sort((a, b) => a.name.localeCompare(b.name));
      return structuredClone(world.snippets);
    },
    snippet_remove: ({ snippet_id }) => (world.snippets = world.snippets.filter(({ id }) => id !== snippet_id)),
  };
}
