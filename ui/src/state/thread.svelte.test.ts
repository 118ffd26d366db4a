import { flushSync } from "svelte";
import { describe, expect, it } from "vitest";

import { blankMessage, blankSession, blankView } from "../ipc/blank";
import type { Message } from "../ipc/bindings";
import { flushFrame } from "./frame";
import { Thread } from "./thread.svelte";

function message(id: string, position: number, part: Partial<Message> = {}): Message {
  return blankMessage(id, "s", { position, role: position % 2 === 0 ? "user" : "assistant", content: id, ...part });
}

function loaded(...messages: Message[]): Thread {
  const thread = new Thread("s");
  thread.load(blankView(blankSession("s"), messages));
  return thread;
}

const ids = (thread: Thread): string[] => thread.messages.map(({ id }) => id);

describe("a thread", () => {
  it("puts another wording of a question in its place, and what followed away", () => {
    const thread = loaded(message("q1", 0), message("a1", 1), message("q2", 2), message("a2", 3));
    thread.begin(message("q1b", 0, { versions: ["q1", "q1b"] }), message("a1b", 1, { state: "streaming", content: "" }));
    expect(ids(thread)).toEqual(["q1b", "a1b"]);
    expect(thread.get("q1b")?.versions).toEqual(["q1", "q1b"]);
  });

  it("puts another answer in the place of the one before, which is kept as a version", () => {
    const thread = loaded(message("q1", 0), message("a1", 1), message("q2", 2), message("a2", 3));
    thread.begin(message("q1", 0), message("a1b", 1, { state: "streaming", content: "", versions: ["a1", "a1b"] }));
    expect(ids(thread)).toEqual(["q1", "a1b"]);
    expect(thread.get("a1b")?.versions).toEqual(["a1", "a1b"]);
  });

  it("goes on with an answer from the text that it has", () => {
    const thread = loaded(message("q1", 0), message("a1", 1, { content: "Half an", state: "failed", request_id: "r1" }));
    const before = thread.get("a1");
    thread.begin(message("q1", 0), message("a1", 1, { content: "Half an", state: "streaming", request_id: "r2" }));
    expect(thread.get("a1")).toBe(before);
    expect(before?.state).toBe("streaming");
    expect(thread.receive({ session_id: "s", message_id: "a1", part: "content", offset: 7, text: " answer" })).toBe("applied");
    expect(before?.content).toBe("Half an answer");
  });

  it("appends a turn of somebody who follows somebody else", () => {
    const thread = loaded(message("opening", 0), message("a", 1, { speaker: 0 }));
    thread.begin(message("opening", 0), message("b", 2, { role: "assistant", speaker: 1 }));
    expect(ids(thread)).toEqual(["opening", "a", "b"]);
  });

  it("leaves off editing a message that is not shown any more", () => {
    const thread = loaded(message("q1", 0), message("a1", 1));
    thread.editingId = "q1";
    thread.load(blankView(blankSession("s"), [message("q1b", 0)]));
    expect(thread.editingId).toBeNull();
  });
});

describe("complaint 1: long chats make the interface slow", () => {
  it("costs one repaint per frame however many pieces come, and none elsewhere", () => {
    const thread = loaded(...Array.from({ length: 200 }, (_, at) => message(`m${at}`, at)), message("last", 200, { role: "assistant", state: "streaming", content: "" }));
    let painted = 0;
    const stop = $effect.root(() => {
      for (const one of thread.messages)
        $effect(() => {
          if (one.content.length >= 0) painted += 1;
        });
    });
    flushSync();
    painted = 0;
    for (let at = 0; at < 1_000; at += 1)
      thread.receive({ session_id: "s", message_id: "last", part: "content", offset: at, text: "x" });
    flushFrame();
    flushSync();
    expect(painted).toBe(1);
    expect(thread.get("last")?.content).toHaveLength(1_000);
    stop();
  });
});
