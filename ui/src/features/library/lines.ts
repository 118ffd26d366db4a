import type { Folder, FolderId, Session } from "../../ipc/bindings";
import { groupOf, type DayGroup } from "../../i18n/when";

/** What stands over a stretch of the list. */
export type Head = "pinned" | "folders" | DayGroup;

/** A line of the list: a head, a folder, or a conversation, which may lie in the folder above it. */
export type ListLine =
  | { kind: "head"; key: string; head: Head }
  | { kind: "folder"; key: string; folder: Folder; count: number; open: boolean }
  | { kind: "session"; key: string; session: Session; inside: boolean };

function row(session: Session, inside = false): ListLine {
  return { kind: "session", key: session.id, session, inside };
}

function head(name: Head): ListLine {
  return { kind: "head", key: `head ${name}`, head: name };
}

/** Conversations by day, each group under its head. They come newest first. */
export function linesByDay(sessions: readonly Session[], now: number): ListLine[] {
  const lines: ListLine[] = [];
  let group: DayGroup | null = null;
  for (const session of sessions) {
    const next = groupOf(session.updated_at, now);
    if (next !== group) lines.push(head(next));
    group = next;
    lines.push(row(session));
  }
  return lines;
}

/** The whole list: pinned ones on top, then the folders, then the rest by day. `sessions` come newest first. */
export function listLines(
  sessions: readonly Session[],
  folders: readonly Folder[],
  closed: ReadonlySet<FolderId>,
  now: number,
): ListLine[] {
  const lines: ListLine[] = [];
  const known = new Map<FolderId, Session[]>(folders.map(({ id }) => [id, []]));
  const pinned = sessions.filter((session) => session.pinned);
  const loose: Session[] = [];
  for (const session of sessions) {
    if (session.pinned) continue;
    const folder = session.folder_id === null ? undefined : known.get(session.folder_id);
    (folder ?? loose).push(session);
  }
  if (pinned.length > 0) lines.push(head("pinned"), ...pinned.map((session) => row(session)));
  if (folders.length > 0) lines.push(head("folders"));
  for (const folder of folders) {
    const inside = known.get(folder.id) ?? [];
    const open = !closed.has(folder.id);
    lines.push({ kind: "folder", key: `folder ${folder.id}`, folder, count: inside.length, open });
    if (open) lines.push(...inside.map((session) => row(session, true)));
  }
  lines.push(...linesByDay(loose, now));
  return lines;
}
