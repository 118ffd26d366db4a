import { fireEvent, render, screen } from "@testing-library/svelte";
import type { Component } from "svelte";
import { beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";

import type { HostView } from "../../ipc/bindings";
import { ActiveAnswer } from "../../state/answer.svelte";
import { chats } from "../../state/chats.svelte";
import { drafts } from "../../state/drafts.svelte";
import Composer from "./Composer.svelte";
import type { Target } from "./target";

const host = { host: { id: "h", name: "studio", address: { type: "local" }, created_at: 0 }, deployment: null, last_error: null } as HostView;
const target: Target = { host, name: "studio", model: "m", practice: false, served: null, contextSize: null, condition: null, obstacle: null };

let send: MockInstance<typeof chats.send>;
let stop: MockInstance<typeof chats.stop>;

beforeEach(() => {
  send = vi.spyOn(chats, "send").mockResolvedValue(true);
  stop = vi.spyOn(chats, "stop").mockResolvedValue();
  drafts.setText("s", "");
  chats.active.clear();
});

function show(more: Partial<Target> = {}, oneditlast = (): void => undefined): HTMLTextAreaElement {
  const props = { sessionId: "s", target: { ...target, ...more }, oneditlast };
  // A property named like an option of a mounting must be told apart from it.
  render(Composer as unknown as Component<Record<string, unknown>>, { props });
  return screen.getByTestId<HTMLTextAreaElement>("composer");
}

async function write(field: HTMLTextAreaElement, text: string): Promise<void> {
  await fireEvent.input(field, { target: { value: text } });
}

describe("the composer", () => {
  it("sends with Enter and keeps its text as a draft", async () => {
    const field = show();
    await write(field, "hello");
    expect(drafts.text("s")).toBe("hello");
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(send).toHaveBeenCalledWith("s", "h", "hello", { attachments: [] });
  });

  it("breaks the line with Shift+Enter", async () => {
    const field = show();
    await write(field, "hello");
    expect(await fireEvent.keyDown(field, { key: "Enter", shiftKey: true })).toBe(true);
    expect(send).not.toHaveBeenCalled();
  });

  it("leaves Enter to an input method that is choosing a word", async () => {
    const field = show();
    await write(field, "にほん");
    await fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    await fireEvent.keyDown(field, { key: "Enter", keyCode: 229 });
    expect(send).not.toHaveBeenCalled();
  });

  it("sends nothing that is empty", async () => {
    const field = show();
    await write(field, "  \n ");
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(send).not.toHaveBeenCalled();
    expect(screen.getByTestId("composer-send")).toHaveProperty("disabled", true);
  });

  it("writes the last message anew with Up when it is empty, and only then", async () => {
    const edit = vi.fn();
    const field = show({}, edit);
    await fireEvent.keyDown(field, { key: "ArrowUp" });
    expect(edit).toHaveBeenCalledOnce();
    await write(field, "other");
    expect(await fireEvent.keyDown(field, { key: "ArrowUp" })).toBe(true);
    expect(edit).toHaveBeenCalledOnce();
  });

  it("stops the answer with Esc and with the button that stands where Send was", async () => {
    chats.active.set("s", new ActiveAnswer("r", "a", 0));
    const field = show();
    expect(screen.queryByTestId("composer-send")).toBeNull();
    await fireEvent.keyDown(field, { key: "Escape" });
    await fireEvent.click(screen.getByTestId("composer-stop"));
    expect(stop).toHaveBeenCalledTimes(2);
  });

  it("hands over what is written while an answer is, to be queued", async () => {
    chats.active.set("s", new ActiveAnswer("r", "a", 0));
    const field = show();
    expect(screen.queryByTestId("composer-queue")).toBeNull();
    await write(field, "next");
    expect(screen.getByTestId("composer-queue")).toBeTruthy();
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(send).toHaveBeenCalledWith("s", "h", "next", { attachments: [] });
  });

  it("says why it cannot send, beside the button, and still takes text", async () => {
    const field = show({ obstacle: { kind: "not_connected", words: "studio is not connected" } });
    expect(screen.getByText("studio is not connected")).toBeTruthy();
    expect(screen.getByTestId("composer-connect")).toBeTruthy();
    await write(field, "later");
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(send).not.toHaveBeenCalled();
    expect(drafts.text("s")).toBe("later");
  });

  it("names itself and the practice model", () => {
    const field = show({ practice: true });
    expect(field.getAttribute("aria-label")).toBe("Write the next message");
    expect(screen.getByText(/answers nonsense/)).toBeTruthy();
  });
});
