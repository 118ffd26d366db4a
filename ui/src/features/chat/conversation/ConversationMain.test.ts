import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { blankMessage, blankSession, blankView, NO_SAMPLING } from "../../../ipc/blank";
import type { Conversation, ConversationSetup, Message } from "../../../ipc/bindings";
import { attach } from "../../../ipc/events";
import { markdown } from "../../../shared/markdown/lazy.svelte";
import { app } from "../../../state/app.svelte";
import { chats } from "../../../state/chats.svelte";
import { conversations } from "../../../state/conversations.svelte";
import { drafts } from "../../../state/drafts.svelte";
import { mode } from "../../../state/mode.svelte";
import { axeFindings } from "../../../test-axe";
import { connection, emptySnapshot, errorInfo, hostView, TestBackend } from "../../../test-backend";
import ConversationInspector from "./ConversationInspector.svelte";
import ConversationMain from "./ConversationMain.svelte";
import { setupFault } from "./validate";

const SETUP: ConversationSetup = {
  participants: ["Advocate", "Sceptic"].map((name) => ({ name, host_id: "a", model: null, system_prompt: "", sampling: NO_SAMPLING })),
  order: "in_turn",
  turns: 12,
  tokens: 20_000,
  end_phrase: "",
  summary_by: null,
  opening: "Discuss.",
};

/** axe-core looks at everything; a busy machine needs its time for that. */
const AXE_MS = 60_000;

let backend: TestBackend;

// Drawn with its formatting, which is loaded on demand.
beforeAll(() => markdown.load(), 60_000);

beforeEach(async () => {
  backend = new TestBackend();
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a")], connections: [connection()], sessions: [blankSession("t", { kind: "conversation", title: "Talk" })] };
  backend.reply("draft_put", () => ({}));
  chats.active.clear();
  conversations.byId.clear();
  conversations.draft = null;
  app.sessionId = null;
  mode.value = "conversation";
  drafts.setText("t", "");
  await attach();
});

async function show(part: Partial<Conversation>, last: Partial<Message> = {}): Promise<void> {
  const conversation: Conversation = { setup: SETUP, state: "paused", turns_done: 2, tokens_used: 4180, next_speaker: 0, ...part };
  const messages = [
    blankMessage("m0", "t", { content: "Discuss." }),
    blankMessage("m1", "t", { position: 1, role: "assistant", speaker: 0, content: "One." }),
    blankMessage("m2", "t", { position: 2, role: "assistant", speaker: 1, content: "Many.", ...last }),
  ];
  backend.reply("session_get", () => blankView(blankSession("t", { kind: "conversation", title: "Talk" }), messages, { conversation }));
  await attach();
  app.sessionId = "t";
  render(ConversationMain);
  await waitFor(() => expect(screen.getByTestId("turn-2")).toBeTruthy());
}

describe("a conversation between models", () => {
  it("says who speaks, in which turn, and has nothing for axe-core to find", async () => {
    await show({});
    expect(screen.getByTestId("turn-1").textContent).toContain("Advocate");
    expect(screen.getByTestId("turn-2").textContent).toContain("Sceptic");
    expect(screen.getByTestId("message-user").textContent).toContain("You, to both");
    expect(screen.getByTestId("turn-bar").textContent).toContain("2 of 12 turns · 4,180 of 20,000 tokens");
    expect(await axeFindings()).toEqual([]);
  }, AXE_MS);

  it("runs on, and takes one turn", async () => {
    const run = vi.spyOn(conversations, "run").mockResolvedValue();
    await show({});
    await fireEvent.click(screen.getByRole("button", { name: "Run on" }));
    await fireEvent.click(screen.getByRole("button", { name: "One turn" }));
    expect(run.mock.calls).toEqual([["t", null], ["t", 1]]);
  });

  it("pauses with its button and stops with Esc while it runs", async () => {
    const pause = vi.spyOn(conversations, "pause").mockResolvedValue();
    const stop = vi.spyOn(conversations, "stop").mockResolvedValue();
    await show({ state: "running" });
    expect(screen.getByTestId("turn-bar").textContent).toContain("turn 3 of 12");
    await fireEvent.click(screen.getByRole("button", { name: "Pause after this turn" }));
    expect(pause).toHaveBeenCalledWith("t");
    await fireEvent.keyDown(screen.getByTestId("conversation-composer"), { key: "Escape" });
    expect(stop).toHaveBeenCalledWith("t");
  });

  it("tries a turn that failed again", async () => {
    const run = vi.spyOn(conversations, "run").mockResolvedValue();
    await show({ state: "failed" }, { state: "failed", error: errorInfo("stream_broken") });
    await fireEvent.click(screen.getByTestId("message-retry"));
    expect(run).toHaveBeenCalledWith("t", null);
  });

  it("adds turns when its limit was reached", async () => {
    const change = vi.spyOn(conversations, "change").mockResolvedValue(true);
    const run = vi.spyOn(conversations, "run").mockResolvedValue();
    await show({ state: "finished", turns_done: 12 });
    await fireEvent.click(screen.getByRole("button", { name: "4 more turns" }));
    expect(change).toHaveBeenCalledWith("t", { ...SETUP, turns: 16 });
    await waitFor(() => expect(run).toHaveBeenCalledWith("t", null));
  });

  it("says a line with Enter", async () => {
    const say = vi.spyOn(conversations, "say").mockResolvedValue();
    await show({});
    const field = screen.getByRole("textbox", { name: "Say something to both, or to one with @A" });
    await fireEvent.input(field, { target: { value: "Be brief." } });
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(say).toHaveBeenLastCalledWith("t", "Be brief.", null);
    await fireEvent.input(field, { target: { value: "@b Ask for numbers." } });
    expect(screen.getByTestId("conversation-audience").textContent).toContain("To Sceptic");
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(say).toHaveBeenLastCalledWith("t", "Ask for numbers.", 1);
    // For somebody, but nothing is said.
    await fireEvent.input(field, { target: { value: "@b " } });
    expect(screen.getByTestId<HTMLButtonElement>("conversation-say").disabled).toBe(true);
  });

  it("shows a summary as one, and goes on with one that was cut off", async () => {
    const run = vi.spyOn(conversations, "run").mockResolvedValue();
    await show({ turns_done: 2, setup: { ...SETUP, turns: 2, summary_by: 1 } });
    // All turns are over: the summary is next.
    expect(screen.getByTestId("turn-bar").textContent).toContain("next:B Sceptic");
    expect(screen.queryByTestId("turn-step")).toBeNull();
    const cut = blankMessage("s", "t", { position: 3, role: "assistant", speaker: 1, summary: true, state: "stopped", content: "In sh" });
    chats.thread("t")?.begin(blankMessage("m2", "t", { position: 2, speaker: 1, role: "assistant", content: "Many." }), cut);
    expect((await screen.findByTestId("summary")).textContent).toContain("summary");
    await fireEvent.click(screen.getByRole("button", { name: "Sum it up" }));
    expect(run).toHaveBeenCalledWith("t", null);
    expect(screen.queryByTestId("turn-3")).toBeNull();
  });

  it("is set up from a preset, and begins only when it can", async () => {
    const create = vi.spyOn(conversations, "create").mockResolvedValue();
    render(ConversationMain);
    const start = await screen.findByTestId<HTMLButtonElement>("conversation-start");
    expect(start.disabled).toBe(false);
    await fireEvent.input(screen.getByTestId("participant-name-1"), { target: { value: "Advocate" } });
    expect(start.disabled).toBe(true);
    expect(screen.getByText("Two participants have the same name.", { selector: "[role=status]" })).toBeTruthy();
    await fireEvent.click(screen.getByTestId("preset-interview"));
    expect(screen.getByTestId<HTMLInputElement>("participant-name-0").value).toBe("Interviewer");
    await fireEvent.click(start);
    expect(create.mock.calls[0]?.[0].participants.map(({ name }) => name)).toEqual(["Interviewer", "Expert"]);
    expect(await axeFindings()).toEqual([]);
  }, AXE_MS);

  it("keeps who takes part as they are while it runs", async () => {
    conversations.byId.set("t", { setup: SETUP, state: "running", turns_done: 1, tokens_used: 0, next_speaker: 1 });
    app.sessionId = "t";
    render(ConversationInspector);
    expect((await screen.findByRole<HTMLButtonElement>("button", { name: "Edit Advocate" })).disabled).toBe(true);
    expect(screen.getByText("Can be changed when it is paused.")).toBeTruthy();
    expect(await axeFindings()).toEqual([]);
  }, AXE_MS);
});

describe("what keeps a conversation from beginning", () => {
  const [first, second] = SETUP.participants;
  const two = (name: string) => (first && second ? [first, { ...second, name }] : []);

  it.each([
    ["a name", { participants: two(" ") }, "Every participant needs a name."],
    ["a short name", { participants: two("x".repeat(41)) }, "A name has at most 40 characters."],
    ["two names", { participants: two("advocate") }, "Two participants have the same name."],
    ["an opening", { opening: "  " }, "Write an opening: what is it about?"],
    ["nothing", {}, ""],
  ])("is that %s is missing", (_, part, words) => {
    expect(setupFault({ ...SETUP, ...part })).toBe(words);
  });
});
