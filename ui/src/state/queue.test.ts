import { beforeEach, describe, expect, it } from "vitest";

import type { QueuedMessage } from "../ipc/bindings";
import { attach } from "../ipc/events";
import { errorInfo, TestBackend } from "../test-backend";
import { queue } from "./queue.svelte";
import { chatRequest } from "./requests";

let backend: TestBackend;

function waiting(id: string, text: string): QueuedMessage {
  return { id, send: chatRequest("s", "h", text), created_at: 0 };
}

beforeEach(async () => {
  backend = new TestBackend();
  await attach();
  queue.take("s", [waiting("w1", "one"), waiting("w2", "two")]);
});

describe("the queue", () => {
  it("follows what the backend says", () => {
    backend.say("", { type: "progress", data: { type: "queue_changed", data: { session_id: "s", queue: [waiting("w2", "two")] } } });
    expect(queue.of("s").map(({ id }) => id)).toEqual(["w2"]);
  });

  it("changes a message that waits under its id", async () => {
    backend.reply("queue_put", ({ id, send }) => [{ id: id ?? "", send, created_at: 0 }]);
    await queue.put("s", { ...waiting("w1", "one").send, text: "one, better" }, "w1");
    expect(queue.of("s")[0]?.send.text).toBe("one, better");
  });

  it("takes one out at once and puts it back when the backend refuses", async () => {
    backend.reply("queue_drop", () => {
      throw errorInfo("not_found");
    });
    const dropping = queue.drop("s", "w1");
    expect(queue.of("s").map(({ id }) => id)).toEqual(["w2"]);
    expect(await dropping).toBeNull();
    expect(queue.of("s").map(({ id }) => id)).toEqual(["w1", "w2"]);
  });

  it("pushes the first that was held back", async () => {
    backend.reply("queue_put", () => [waiting("w2", "two")]);
    await queue.sendNow("s");
    expect(backend.requests("queue_put")).toMatchObject([{ id: "w1", send: { text: "one" } }]);
    expect(queue.of("s")).toHaveLength(1);
  });
});
