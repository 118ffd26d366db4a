import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { blankMessage, blankSession, blankView, NO_STATS } from "../../../ipc/blank";
import type { Message } from "../../../ipc/bindings";
import { attach } from "../../../ipc/events";
import { markdown } from "../../../shared/markdown/lazy.svelte";
import { ActiveAnswer } from "../../../state/answer.svelte";
import { app } from "../../../state/app.svelte";
import { chats } from "../../../state/chats.svelte";
import { compare } from "../../../state/compare.svelte";
import { drafts } from "../../../state/drafts.svelte";
import { mode } from "../../../state/mode.svelte";
import { axeFindings } from "../../../test-axe";
import { connection, emptySnapshot, errorInfo, hostView, TestBackend } from "../../../test-backend";
import CompareMain from "./CompareMain.svelte";

/** axe-core looks at everything; a busy machine needs its time for that. */
const AXE_MS = 60_000;

let backend: TestBackend;
let answers: Partial<Message>[];

const columns = ["c0", "c1"].map((id, column) => blankSession(id, { host_id: "ab"[column] ?? null, model: "mn"[column] ?? null, group_id: "head", column }));

// Drawn with its formatting, which is loaded on demand.
beforeAll(() => markdown.load(), 60_000);

beforeEach(async () => {
  backend = new TestBackend();
  const head = blankSession("head", { kind: "compare", title: "Two" });
  answers = [];
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a"), hostView("b")], connections: [connection(), connection({ host_id: "b", model: "n" })], sessions: [head] };
  backend.reply("session_get", ({ session_id: id }) => {
    const index = columns.findIndex((one) => one.id === id);
    const column = columns[index];
    if (!column) return blankView(head, [], { columns });
    const reply = blankMessage(`a-${id}`, id, { position: 1, role: "assistant", content: "Yes.", host_id: column.host_id, ...answers[index] });
    return blankView(column, [blankMessage(`q-${id}`, id, { content: "Is it so?" }), reply]);
  });
  backend.reply("draft_put", () => ({}));
  backend.reply("task_cancel", () => ({}));
  chats.active.clear();
  chats.refused.clear();
  app.sessionId = null;
  mode.value = "compare";
  drafts.setText(null, "");
  await attach();
});

async function show(): Promise<HTMLElement[]> {
  app.sessionId = "head";
  render(CompareMain);
  await waitFor(() => expect(screen.getAllByTestId(/^column-\d$/)).toHaveLength(2));
  await waitFor(() => expect(screen.getByRole("region", { name: "Question to all" }).textContent).toBe("Is it so?"));
  return screen.getAllByTestId(/^column-\d$/);
}

describe("models side by side", () => {
  it("names each column, marks the fastest, and has nothing for axe-core to find", async () => {
    const speed = (tokens_per_second: number, first_token_ms: number) => ({ stats: { ...NO_STATS, tokens_per_second, first_token_ms } });
    answers = [speed(60, 900), speed(20, 100)];
    const [first, second] = await show();
    expect(screen.getByRole("region", { name: "m on a" })).toBe(first);
    expect(first?.dataset.state).toBe("done");
    expect(within(first as HTMLElement).getByText("fastest").closest("div")?.textContent).toContain("Speed");
    expect(within(second as HTMLElement).getByText("fastest").closest("div")?.textContent).toContain("First token");
    expect(await axeFindings()).toEqual([]);
  }, AXE_MS);

  it("says of each column how it is, whatever the others do", async () => {
    answers = [{ state: "failed", error: errorInfo("stream_broken") }, {}];
    const [first, second] = await show();
    expect(first?.dataset.state).toBe("failed");
    expect(second?.dataset.state).toBe("done");
    expect(within(first as HTMLElement).getByTestId("message-error")).toBeTruthy();
  });

  it("stops one column with its button, and all with Esc", async () => {
    answers = [{ state: "streaming", content: "Y" }, { state: "streaming", content: "" }];
    const [first] = await show();
    chats.active.set("c0", new ActiveAnswer("t0", "a-c0", Date.now()));
    chats.active.set("c1", new ActiveAnswer("t1", "a-c1", Date.now()));
    await fireEvent.click(await within(first as HTMLElement).findByRole("button", { name: "Stop m" }));
    expect(backend.requests("task_cancel")).toEqual([{ request_id: "t0" }]);
    expect(screen.getByText("2 of 2 running")).toBeTruthy();
    await fireEvent.keyDown(screen.getByTestId("compare-composer"), { key: "Escape" });
    expect(backend.requests("task_cancel")).toEqual([{ request_id: "t0" }, { request_id: "t1" }]);
  });

  it("goes on with a column by its button", async () => {
    const take = vi.spyOn(compare, "take").mockResolvedValue();
    const [, second] = await show();
    await fireEvent.click(within(second as HTMLElement).getByRole("button", { name: "Continue with this one" }));
    expect(take).toHaveBeenCalledWith("c1");
  });

  it("lets models be chosen before the first question, and asks with Enter", async () => {
    const start = vi.spyOn(compare, "start").mockResolvedValue(true);
    render(CompareMain);
    await fireEvent.click(await screen.findByRole("button", { name: "Add a model" }));
    expect(screen.getAllByTestId(/^draft-column-/)).toHaveLength(3);
    await fireEvent.click(screen.getByRole("button", { name: "Remove model 3" }));
    expect(screen.getAllByTestId(/^draft-column-/)).toHaveLength(2);
    const field = screen.getByRole("textbox", { name: "Ask both" });
    await fireEvent.input(field, { target: { value: "Is it so?" } });
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(start).toHaveBeenCalledWith("Is it so?");
    expect(await axeFindings()).toEqual([]);
  }, AXE_MS);
});
