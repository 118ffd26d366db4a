import { beforeEach, describe, expect, it, vi } from "vitest";
import { blankSession } from "../ipc/blank";
import { attach } from "../ipc/events";
import { emptySnapshot, errorInfo, TestBackend } from "../test-backend";
import { toasts } from "./toasts.svelte";
import { fileName, transfers } from "./transfers.svelte";

const chosen = vi.hoisted(() => ({ path: "/home/me/chats.json" as string | null }));
vi.mock("../ipc/dialog", () => ({
  chooseFile: () => Promise.resolve(chosen.path),
  chooseSavePath: () => Promise.resolve(chosen.path),
}));

let backend: TestBackend;

beforeEach(async () => {
  backend = new TestBackend();
  chosen.path = "/home/me/chats.json";
  toasts.list = [];
  transfers.running.clear();
  transfers.report = null;
  backend.snapshot = { ...emptySnapshot(), sessions: [blankSession("s1", { title: "A: chat/about?" })] };
  backend.reply("export_start", () => ({ request_id: "t1" }));
  backend.reply("import_start", () => ({ request_id: "t2" }));
  backend.reply("task_cancel", () => ({}));
  await attach();
});

describe("an export (complaint 10: get my chats out)", () => {
  it("writes where the person says, shows its bytes, and says how much it was", async () => {
    await transfers.export(["s1"], "markdown");
    expect(backend.requests("export_start")).toEqual([
      { session_ids: ["s1"], format: "markdown", path: "/home/me/chats.json" },
    ]);
    backend.say("t1", { type: "progress", data: { type: "transfer", data: { done: 5, total: 10 } } });
    expect(transfers.running.get("t1")).toMatchObject({ file: "chats.json", progress: { done: 5, total: 10 } });
    backend.say("t1", { type: "complete", data: { type: "export", data: { sessions: 1, bytes: 2048 } } });
    expect(transfers.running.size).toBe(0);
    expect(toasts.list.at(-1)?.words()).toBe("Exported 1 chat to chats.json, 2 KB");
  });

  it("notices a task that ended before its command had answered", async () => {
    backend.replies.set("export_start", async () => {
      backend.say("t1", { type: "complete", data: { type: "export", data: { sessions: 3, bytes: 10 } } });
      return { request_id: "t1" };
    });
    await transfers.backup();
    expect(transfers.running.size).toBe(0);
    expect(toasts.list.at(-1)?.words()).toContain("Backed up 3 chats");
  });

  it("does nothing when the dialog is closed, and is silent when it is cancelled", async () => {
    chosen.path = null;
    await transfers.export(["s1"], "json");
    expect(backend.requests("export_start")).toEqual([]);
    chosen.path = "/x.json";
    await transfers.export(["s1"], "json");
    await transfers.stop("t1");
    expect(backend.requests("task_cancel")).toEqual([{ request_id: "t1" }]);
    backend.say("t1", { type: "error", data: errorInfo("cancelled") });
    expect(transfers.running.size).toBe(0);
    expect(toasts.list).toEqual([]);
  });

  it("names files so that every system takes them", () => {
    expect(fileName("A: chat/about?", "html")).toBe("A chat about.html");
    expect(fileName("..", "json")).toBe("slipway.json");
    expect(fileName("x".repeat(300), "markdown")).toHaveLength(63);
  });
});

describe("an import", () => {
  it("reports what it brought", async () => {
    await transfers.import("import");
    const counts = { sessions_added: 1, sessions_extended: 0, sessions_unchanged: 4, messages_added: 9 };
    backend.say("t2", { type: "complete", data: { type: "import", data: { source: "slipway", ...counts, skipped: [] } } });
    expect(transfers.report).toMatchObject({ file: "chats.json", result: counts, error: null });
  });

  it("reports why it brought nothing", async () => {
    await transfers.import("restore");
    backend.say("t2", { type: "error", data: errorInfo("invalid_input") });
    expect(transfers.report).toMatchObject({ result: null, error: { code: "invalid_input" } });
  });
});
