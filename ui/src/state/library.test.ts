import { beforeEach, describe, expect, it } from "vitest";
import { blankSession } from "../ipc/blank";
import type { Session, SessionChange } from "../ipc/bindings";
import { attach } from "../ipc/events";
import { emptySnapshot, errorInfo, TestBackend } from "../test-backend";
import { app } from "./app.svelte";
import { chats } from "./chats.svelte";
import { library } from "./library.svelte";
import { toasts } from "./toasts.svelte";

let backend: TestBackend;

function session(id: string, part: Partial<Session> = {}): Session {
  return blankSession(id, { updated_at: Number(id.slice(1)) || 1, ...part });
}

/** A backend that keeps what it is told. */
function answering(): void {
  const all = new Map(backend.snapshot.sessions.map((one) => [one.id, one]));
  backend.reply("session_change", (change: SessionChange) =>
    change.session_ids.map((id) => {
      const before = all.get(id) ?? session(id);
      const after = {
        ...before,
        folder_id: change.no_folder ? null : (change.folder_id ?? before.folder_id),
        archived: change.archived ?? before.archived,
        tags: change.tags ?? before.tags,
      };
      all.set(id, after);
      return after;
    }),
  );
  backend.reply("session_delete", () => ({}));
  backend.reply("session_restore", ({ session_id }) => all.get(session_id) ?? session(session_id));
}

async function undo(): Promise<void> {
  const note = toasts.list.at(-1);
  if (!note) throw new Error("nothing to undo");
  toasts.act(note);
  await new Promise((resolve) => setTimeout(resolve));
}

beforeEach(async () => {
  backend = new TestBackend();
  toasts.list = [];
  library.selection.clear();
  library.show("chats");
  app.sessionId = null;
  backend.snapshot = {
    ...emptySnapshot(),
    folders: [{ id: "f", name: "F" }],
    sessions: [
      session("s3", { tags: ["x"] }),
      session("s2", { folder_id: "f", tags: ["x", "y"] }),
      session("s1", { archived: true }),
      session("s9", { group_id: "s3", column: 0 }),
    ],
  };
  answering();
  await attach();
});

describe("the library", () => {
  it("shows what is not archived, the newest first, without the columns of comparisons", () => {
    expect(library.shown.map(({ id }) => id)).toEqual(["s3", "s2"]);
    library.show("archive");
    expect(library.shown.map(({ id }) => id)).toEqual(["s1"]);
    library.show("chats");
    library.tag = "y";
    expect(library.shown.map(({ id }) => id)).toEqual(["s2"]);
    expect(library.tags).toEqual([
      { name: "x", count: 2 },
      { name: "y", count: 1 },
    ]);
  });

  it("takes in what others changed, and lets go of what they deleted", () => {
    app.sessionId = "s3";
    backend.say("", { type: "progress", data: { type: "session_changed", data: session("s3", { title: "By the model" }) } });
    expect(chats.sessions.get("s3")?.title).toBe("By the model");
    backend.say("", { type: "progress", data: { type: "session_removed", data: "s3" } });
    expect(chats.sessions.has("s3")).toBe(false);
    expect(app.sessionId).toBeNull();
  });

  it("moves many at once and gives each its own folder back", async () => {
    await library.move(["s3", "s2"], null);
    expect(backend.requests("session_change")).toEqual([
      { session_ids: ["s2"], folder_id: null, no_folder: true, archived: null, tags: null },
    ]);
    await library.move(["s3", "s2"], "f");
    expect(library.shown.map(({ folder_id }) => folder_id)).toEqual(["f", "f"]);
    await undo();
    expect(library.shown.map(({ folder_id }) => folder_id)).toEqual([null, null]);
  });

  it("takes a change back that the backend refuses", async () => {
    backend.reply("session_change", () => {
      throw errorInfo("internal");
    });
    await library.archive(["s3"], true);
    expect(chats.sessions.get("s3")?.archived).toBe(false);
    expect(toasts.list.at(-1)?.kind).toBe("error");
  });

  it("archives and brings back", async () => {
    library.selection.add("s3");
    await library.archive(["s3", "s2"], true);
    expect(library.shown).toEqual([]);
    expect(library.selection.size).toBe(0);
    await undo();
    expect(library.shown.map(({ id }) => id)).toEqual(["s3", "s2"]);
  });

  it("gives and takes a tag of conversations that have different ones", async () => {
    await library.setTag(["s3", "s2"], "y", true);
    expect(library.shown.map(({ tags }) => tags)).toEqual([["x", "y"], ["x", "y"]]);
    library.tag = "x";
    await library.setTag(["s3", "s2"], "x", false);
    expect(chats.sessions.get("s2")?.tags).toEqual(["y"]);
    // A tag that nothing has any more filters nothing.
    expect(library.tag).toBeNull();
  });

  it("deletes many with one undo for all (complaint 2: no chat is lost by a slip)", async () => {
    app.sessionId = "s3";
    await library.remove(["s3", "s2"]);
    expect(library.all.map(({ id }) => id)).toEqual(["s1"]);
    expect(toasts.list).toHaveLength(1);
    await undo();
    await new Promise((resolve) => setTimeout(resolve));
    expect(library.shown.map(({ id }) => id)).toEqual(["s3", "s2"]);
    expect(app.sessionId).toBe("s3");
  });

  it("removes a folder, keeps its conversations, and puts them back into it", async () => {
    backend.reply("folder_remove", () => []);
    backend.reply("folder_put", ({ name }) => [{ id: "f2", name }]);
    await library.removeFolder({ id: "f", name: "F" });
    expect(chats.sessions.get("s2")?.folder_id).toBeNull();
    await undo();
    await new Promise((resolve) => setTimeout(resolve));
    expect(chats.sessions.get("s2")?.folder_id).toBe("f2");
  });

  it("remembers which folders are closed", () => {
    library.toggle("f");
    expect(JSON.parse(localStorage.getItem("slipway.folders.closed") ?? "")).toEqual(["f"]);
    library.toggle("f");
    expect(library.closed.has("f")).toBe(false);
  });
});
