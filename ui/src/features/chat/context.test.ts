import { describe, expect, it } from "vitest";

import { blankMessage, blankSession, blankView, NO_SAMPLING, NO_STATS } from "../../ipc/blank";
import type { Compaction } from "../../ipc/bindings";
import { Thread } from "../../state/thread.svelte";
import { contextUse } from "./context";
import { filterGroups, type PickerGroup } from "./picker-rows";
import { ignoredBy, problemsOf } from "./sampling";

function thread(prompt: number, compactions: Compaction[] = []): Thread {
  const made = new Thread("s");
  const stats = { ...NO_STATS, prompt_tokens: prompt, completion_tokens: 100, context_size: 1_000 };
  const answer = blankMessage("a", "s", { role: "assistant", position: 1, created_at: 10, stats });
  made.load(blankView(blankSession("s"), [blankMessage("q", "s"), answer], { compactions }));
  return made;
}

describe("the context", () => {
  it.each([[600, "fine"], [699, "fine"], [700, "near"], [849, "near"], [850, "full"]] as const)("with %i tokens is %s", (prompt, level) => {
    expect(contextUse(thread(prompt), null)?.level).toBe(level);
  });

  it("believes what was measured of the next message first", () => {
    const measured = { prompt_tokens: 1_200, message_tokens: 500, exact: true, context_size: 1_000 };
    expect(contextUse(thread(600), null, measured)).toMatchObject({ share: 1.2, level: "full", exact: true });
  });

  it("counts off what was left out since the last answer", () => {
    const newer = { id: "k", until: "q", summary: "s", tokens_before: 500, tokens_after: 50, created_at: 20 };
    expect(contextUse(thread(800, [newer]), null)).toMatchObject({ prompt: 350, level: "fine", exact: false });
    expect(contextUse(thread(800, [{ ...newer, created_at: 5 }]), null)).toMatchObject({ prompt: 800, level: "near" });
  });
});

describe("the picker", () => {
  it("finds models by all words, in the model or its server", () => {
    const row = { key: "", hostId: "h", model: null, dot: "ok", speed: "", context: "", loaded: "", vision: false, deployed: true, id: null } as const;
    const group = { hostId: "h", name: "studio", condition: {} as PickerGroup["condition"], rows: [{ ...row, label: "Qwen3" }, { ...row, label: "gemma3" }] };
    expect(filterGroups([group], "STUDIO qwen").flatMap(({ rows }) => rows.map(({ label }) => label))).toEqual(["Qwen3"]);
    expect(filterGroups([group], "nothing")).toEqual([]);
  });
});

describe("sampling", () => {
  it("says what cannot be used and what an engine does not heed", () => {
    expect(Object.keys(problemsOf({ ...NO_SAMPLING, json_schema: "{", grammar: "root ::= x", stop: ["a", "b", "c", "d", "e"] }))).toEqual(["stop", "schema", "grammar"]);
    expect(problemsOf({ ...NO_SAMPLING, json_schema: '{"type":"object"}' })).toEqual({});
    expect(ignoredBy("vllm").has("grammar")).toBe(true);
    expect(ignoredBy("llama_cpp").size).toBe(0);
  });
});
