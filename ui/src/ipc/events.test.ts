import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TestBackend, emptySnapshot } from "../test-backend";
import type { TaskBody } from "./bindings";
import { attach, onBody, onMessage, onSnapshot, resetEvents } from "./events";

function log(text: string): TaskBody {
  return { type: "log", data: { level: "info", target: "test", text, host_id: null } };
}

let backend: TestBackend;
let heard: string[];

beforeEach(() => {
  resetEvents();
  backend = new TestBackend();
  heard = [];
  onSnapshot((snapshot) => heard.push(`snapshot ${snapshot.seq}`));
  onBody("log", (line) => heard.push(line.text));
});

afterEach(() => resetEvents());

describe("the stream of messages", () => {
  it("follows the channel after the snapshot's last message", async () => {
    backend.snapshot = { ...emptySnapshot(), seq: 7 };
    backend.seq = 7;
    await attach();
    expect(backend.requests("subscribe")).toEqual([{ after_seq: 7 }]);
    backend.say("a", log("eight"));
    expect(heard).toEqual(["snapshot 7", "eight"]);
  });

  it("holds what comes before the subscription has answered until the stores have the snapshot", async () => {
    backend.early = [backend.message("a", log("one")), backend.message("a", log("two"))];
    await attach();
    expect(heard).toEqual(["snapshot 0", "one", "two"]);
  });

  it("hands on each message once, in the order of seq", async () => {
    await attach();
    const [one, two] = [backend.message("a", log("one")), backend.message("a", log("two"))];
    backend.handlers[0]?.([one, two]);
    backend.handlers[0]?.([one, two]);
    expect(heard).toEqual(["snapshot 0", "one", "two"]);
  });

  it("takes the snapshot again when older messages are gone", async () => {
    backend.subscriptions = [false, true];
    await attach();
    expect(backend.requests("snapshot")).toHaveLength(2);
    expect(heard).toEqual(["snapshot 0", "snapshot 0"]);
    backend.handlers[0]?.([backend.message("a", log("from the channel that was given up"))]);
    backend.handlers[1]?.([backend.message("a", log("from the new one"))]);
    expect(heard).toEqual(["snapshot 0", "snapshot 0", "from the new one"]);
  });

  it("gives up with a typed error when it is always outrun", async () => {
    backend.subscriptions = [false, false, false, false, false];
    await expect(attach()).rejects.toMatchObject({ info: { code: "internal" } });
  });

  it("listens only to the last attachment", async () => {
    await attach();
    await attach();
    backend.handlers[0]?.([backend.message("a", log("old"))]);
    backend.handlers[1]?.([backend.message("a", log("new"))]);
    expect(heard).toEqual(["snapshot 0", "snapshot 0", "new"]);
  });

  it("keeps going when a handler throws", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    onBody("log", () => {
      throw new Error("broken screen");
    });
    onMessage(() => heard.push("all"));
    await attach();
    backend.say("a", log("one"));
    expect(heard).toEqual(["snapshot 0", "one", "all"]);
    expect(reported).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });

  it("stops calling a handler that was taken back", async () => {
    const stop = onBody("log", () => heard.push("second"));
    await attach();
    stop();
    backend.say("a", log("one"));
    expect(heard).toEqual(["snapshot 0", "one"]);
  });

  it("rejects with the backend's error when the snapshot fails", async () => {
    backend.replies.set("snapshot", () => {
      throw { code: "database_newer", message: { en: "a", ru: "б" }, fix: { en: "", ru: "" }, detail_id: "x" };
    });
    await expect(attach()).rejects.toMatchObject({ info: { code: "database_newer" } });
  });
});
