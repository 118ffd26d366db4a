import type { Folder, ImportRequest, SearchHit, Session, SessionQuery, SnippetPiece } from "../bindings";
import { blankSession } from "../blank";
import type { MockTask } from "./deploy";
import { LIBRARY_FAULT } from "./library-worlds";
import type { Handlers } from "./index";
import { both, sleep } from "./stream";
import type { World } from "./world";

/** What the library answers, and the folders that it starts with. */
export interface LibraryMock {
  handlers: Partial<Handlers>;
  folders: () => Folder[];
}

type Play = (kind: string, run: (mine: MockTask) => Promise<void>) => { request_id: string };

const WIDTH = 90;

/** The text around the first word that was found, in pieces. */
function snippetOf(text: string, words: readonly string[]): SnippetPiece[] {
  const plain = text.replace(/\s+/g, " ");
  const lower = plain.toLowerCase();
  const first = Math.min(...words.map((word) => lower.indexOf(word)).filter((at) => at >= 0), plain.length);
  const from = words.length === 0 ? 0 : Math.max(0, first - 30);
  const cut = `${from > 0 ? "… " : ""}${plain.slice(from, from + WIDTH)}${from + WIDTH < plain.length ? " …" : ""}`;
  if (words.length === 0) return [{ text: cut, hit: false }];
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
  return cut.split(pattern).flatMap((text, index) => (text === "" ? [] : [{ text, hit: index % 2 === 1 }]));
}

function found(text: string, words: readonly string[]): boolean {
  const lower = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ")}`;
  return words.every((word) => lower.includes(` ${word}`));
}

function searchIn(world: World, query: SessionQuery): SearchHit[] {
  const words = query.text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim().split(" ").filter(Boolean);
  const hits: SearchHit[] = [];
  for (const session of world.sessions) {
    if (query.session_id !== null && session.id !== query.session_id) continue;
    if (session.archived && !query.archived && query.session_id === null) continue;
    if (query.folder_id !== null && session.folder_id !== query.folder_id) continue;
    if (query.tag !== null && !session.tags.includes(query.tag)) continue;
    if (query.host_id !== null && session.host_id !== query.host_id) continue;
    if (query.model !== null && session.model !== query.model) continue;
    if (query.from !== null && session.updated_at < query.from) continue;
    if (query.session_id === null && found(session.title, words))
      hits.push({ session, message_id: null, at: session.updated_at, snippet: snippetOf(session.title, words) });
    if (words.length === 0) continue;
    for (const message of world.messages.get(session.id) ?? [])
      if (found(message.content, words))
        hits.push({ session, message_id: message.id, at: message.created_at, snippet: snippetOf(message.content, words) });
  }
  return hits;
}

async function transfer(mine: MockTask, kind: "export" | "import"): Promise<boolean> {
  const subject = { kind, host_id: null, session_id: null, message_id: null };
  mine.stream.say(mine.id, { type: "progress", data: { type: "started", data: subject } });
  const total = 48_200_000;
  for (let done = 0; done <= total; done += total / 20) {
    if (mine.cancelled()) {
      const words = both("Cancelled.", "Отменено.");
      const error = { code: "cancelled" as const, message: words, fix: both("", ""), detail_id: "d-1", facts: null };
      mine.stream.say(mine.id, { type: "error", data: error });
      return false;
    }
    mine.stream.say(mine.id, { type: "progress", data: { type: "transfer", data: { done: Math.round(done), total } } });
    await sleep(120);
  }
  return true;
}

async function playImport(mine: MockTask, { path }: ImportRequest, fails: boolean): Promise<void> {
  if (!(await transfer(mine, "import"))) return;
  if (fails) {
    mine.stream.say(mine.id, { type: "error", data: LIBRARY_FAULT });
    return;
  }
  const now = Date.now();
  const session = blankSession(crypto.randomUUID(), { title: `From ${path.split("/").at(-1) ?? ""}`, created_at: now, updated_at: now });
  mine.world.sessions.unshift(session);
  mine.world.messages.set(session.id, []);
  mine.stream.say("", { type: "progress", data: { type: "session_changed", data: session } });
  const skipped = [
    both("“Trip to the lake” has a message without a role.", "«Поездка на озеро»: у сообщения нет роли."),
    both("Conversation 41 refers to a message that is not in the file.", "Чат 41 ссылается на сообщение, которого нет в файле."),
  ];
  const counts = { sessions_added: 1, sessions_extended: 2, sessions_unchanged: 309, messages_added: 27 };
  mine.stream.say(mine.id, { type: "complete", data: { type: "import", data: { source: "chat_gpt", ...counts, skipped } } });
}

/** The library's part of the mock, over a world and its tasks. */
export function libraryMock(world: World, name: string, start: Folder[], play: Play): LibraryMock {
  let folders = start;

  function session(id: string): Session {
    const known = world.sessions.find((item) => item.id === id);
    if (!known) throw new Error(`no session ${id}`);
    return known;
  }

  const handlers: Partial<Handlers> = {
    session_change: ({ session_ids, folder_id, no_folder, archived, tags }) =>
      session_ids.map((id) => {
        const part: Partial<Session> = {
          ...((folder_id !== null || no_folder) && { folder_id }),
          ...(archived !== null && { archived }),
          ...(tags !== null && { tags }),
        };
        return { ...Object.assign(session(id), part) };
      }),
    session_duplicate: ({ session_id }) => {
      const copy = { ...session(session_id), id: crypto.randomUUID(), updated_at: Date.now() };
      world.sessions.unshift(copy);
      world.messages.set(copy.id, [...(world.messages.get(session_id) ?? [])]);
      return { ...copy };
    },
    session_search: (query) => {
      if (name === "library-broken") throw LIBRARY_FAULT;
      const hits = searchIn(world, query);
      return structuredClone({ hits: hits.slice(0, query.limit), more: hits.length > query.limit });
    },
    folder_put: ({ id, name: next }) => {
      const folder = { id: id ?? crypto.randomUUID(), name: next };
      folders = [...folders.filter((one) => one.id !== folder.id), folder].sort((a, b) => a.name.localeCompare(b.name));
      return folders;
    },
    folder_remove: ({ folder_id }) => {
      folders = folders.filter(({ id }) => id !== folder_id);
      for (const item of world.sessions) if (item.folder_id === folder_id) item.folder_id = null;
      return folders;
    },
    export_start: ({ session_ids }) =>
      play("export", async (mine) => {
        if (!(await transfer(mine, "export"))) return;
        const sessions = session_ids.length || world.sessions.length;
        mine.stream.say(mine.id, { type: "complete", data: { type: "export", data: { sessions, bytes: 48_200_000 } } });
      }),
    import_start: (request) => play("import", (mine) => playImport(mine, request, name === "library-broken")),
  };
  return { handlers, folders: () => folders };
}
