import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { blankSession, blankView, CHAT_SETTINGS } from "../ipc/blank";
import type { Attachment } from "../ipc/bindings";
import { TestBackend } from "../test-backend";
import { attachments } from "./attachments.svelte";
import { drafts } from "./drafts.svelte";

const FILE: Attachment = { id: "f1", name: "tide.txt", mime: "text/plain", kind: "text", bytes: 12, tokens: 3 };
let backend: TestBackend;
let run = 0;
let place = "";

beforeEach(() => {
  vi.useFakeTimers();
  backend = new TestBackend();
  backend.reply("draft_put", () => ({}));
  backend.reply("session_configure", () => ({}));
  place = `draft-${(run += 1)}`;
});
afterEach(async () => {
  await vi.runAllTimersAsync();
  vi.useRealTimers();
});

describe("complaint 2: what was written is lost", () => {
  it("goes to disk half a second after the last key, once", async () => {
    drafts.setText(place, "hel");
    await vi.advanceTimersByTimeAsync(300);
    drafts.setText(place, "hello");
    await vi.advanceTimersByTimeAsync(499);
    expect(backend.requests("draft_put")).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(backend.requests("draft_put")).toEqual([{ session_id: place, text: "hello", attachments: [] }]);
  });

  it("goes there at once when the field or the window is left", async () => {
    drafts.setText(place, "hello");
    await drafts.flush(place);
    expect(backend.requests("draft_put")).toHaveLength(1);
    drafts.setText(place, "hello there");
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(0);
    expect(backend.requests("draft_put").at(-1)).toEqual({ session_id: place, text: "hello there", attachments: [] });
  });

  it("comes back with the conversation, but never over what was written since", () => {
    const view = blankView(blankSession(place), [], { draft: { text: "kept", attachments: [FILE] } });
    drafts.take(view);
    expect(drafts.text(place)).toBe("kept");
    expect(attachments.ready(place)).toEqual([FILE]);
    drafts.setText(place, "");
    drafts.take(view);
    expect(drafts.text(place)).toBe("");
  });

  it("goes to disk with its files, until they are sent", async () => {
    attachments.bring(place, [FILE, { ...FILE, id: "f2" }]);
    await vi.advanceTimersByTimeAsync(500);
    expect(backend.requests("draft_put").at(-1)).toEqual({ session_id: place, text: "", attachments: ["f1", "f2"] });
    expect(attachments.take(place)).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(500);
    expect(backend.requests("draft_put").at(-1)).toEqual({ session_id: place, text: "", attachments: [] });
  });
});

describe("settings of a chat", () => {
  it("come with the conversation and are stored when they change", async () => {
    drafts.take(blankView(blankSession(place), [], { settings: { ...CHAT_SETTINGS, system_prompt: "Be short." } }));
    expect(drafts.settings(place).system_prompt).toBe("Be short.");
    drafts.setSampling(place, { temperature: 0.2 });
    drafts.setSampling(place, { top_k: 20 });
    await vi.advanceTimersByTimeAsync(300);
    expect(backend.requests("session_configure")).toMatchObject([
      { session_id: place, settings: { system_prompt: "Be short.", sampling: { temperature: 0.2, top_k: 20 } } },
    ]);
  });
});
