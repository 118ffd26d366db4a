import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import { blankMessage, blankSession, blankView } from "../../ipc/blank";
import { app } from "../../state/app.svelte";
import { chats } from "../../state/chats.svelte";
import { TestBackend } from "../../test-backend";
import FindBar from "./FindBar.svelte";

let backend: TestBackend;

beforeEach(() => {
  backend = new TestBackend();
  Object.assign(app, { sessionId: "s1", findOpen: true, foundWords: "", targetMessageId: null });
  backend.reply("session_search", () => ({
    hits: ["m1", "m2", "m3"].map((message_id) => ({ session: blankSession("s1"), message_id, at: 1, snippet: [] })),
    more: false,
  }));
  render(FindBar, { sessionId: "s1", onall: () => undefined });
});

it("asks for this conversation only, goes from place to place, and lets go with Esc", async () => {
  const field = screen.getByRole("searchbox");
  await fireEvent.input(field, { target: { value: "vac" } });
  await vi.waitFor(() => expect(app.targetMessageId).toBe("m1"));
  expect(backend.requests("session_search")).toMatchObject([{ text: "vac", session_id: "s1" }]);
  expect(app.foundWords).toBe("vac");
  expect(screen.getByRole("status").textContent).toBe("1 of 3");
  await fireEvent.keyDown(field, { key: "Enter" });
  expect(app.targetMessageId).toBe("m2");
  await fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
  await fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
  expect(app.targetMessageId).toBe("m3");
  await fireEvent.keyDown(field, { key: "Escape" });
  expect(app).toMatchObject({ findOpen: false, foundWords: "", targetMessageId: null });
});

it("steps through every place of a message before the next message", async () => {
  const contents = { m1: "vac and **vac**uum", m2: "no", m3: "vac" };
  const messages = Object.entries(contents).map(([id, content], position) => blankMessage(id, "s1", { position, content }));
  backend.reply("session_get", () => blankView(blankSession("s1"), messages));
  await chats.show("s1");
  const field = screen.getByRole("searchbox");
  await fireEvent.input(field, { target: { value: "vac" } });
  await vi.waitFor(() => expect(screen.getByRole("status").textContent).toBe("1 of 4"));
  const seen = [];
  for (let step = 0; step < 4; step += 1) {
    seen.push([app.targetMessageId, app.targetPlace]);
    await fireEvent.keyDown(field, { key: "Enter" });
  }
  expect(seen).toEqual([["m1", 0], ["m1", 1], ["m2", 0], ["m3", 0]]);
  expect(screen.getByRole("status").textContent).toBe("1 of 4");
});
