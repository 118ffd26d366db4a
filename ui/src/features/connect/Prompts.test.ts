import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { PromptQuestion } from "../../ipc/bindings";
import { attach } from "../../ipc/events";
import { TestBackend, emptySnapshot, errorInfo, hostView } from "../../test-backend";
import { prompts } from "../../state/prompts.svelte";
import Prompts from "./Prompts.svelte";

let backend: TestBackend;

const FINGERPRINT = "SHA256:mN4qT0sVb1YkR8fZ2uXcH6jLpWgD5aEoQi9nK3yB7Zk";

async function ask(question: PromptQuestion): Promise<void> {
  render(Prompts);
  backend.say("c1", {
    type: "prompt",
    data: { prompt_id: "p1", host_id: "a", expires_at: Date.now() + 60_000, question },
  });
  await screen.findByRole("dialog");
}

const hostKey: PromptQuestion = {
  type: "host_key",
  data: { address: "a.lan", port: 2222, algorithm: "ssh-ed25519", fingerprint: FINGERPRINT },
};

beforeEach(async () => {
  backend = new TestBackend();
  backend.snapshot = { ...emptySnapshot(), hosts: [hostView("a")] };
  backend.reply("prompt_answer", () => ({}));
  prompts.changedKey = null;
  await attach();
});

describe("an unknown host key", () => {
  it("shows the fingerprint and does not put the focus on trusting it", async () => {
    await ask(hostKey);
    expect(screen.getByText(FINGERPRINT)).toBeTruthy();
    await vi.waitFor(() => expect((document.activeElement as HTMLElement).dataset.testid).toBe("prompt-decline"));
  });

  it("accepts on trust", async () => {
    await ask(hostKey);
    await fireEvent.click(screen.getByTestId("prompt-accept"));
    expect(backend.requests("prompt_answer")).toEqual([{ prompt_id: "p1", reply: { type: "accept" } }]);
  });

  it("compares what is pasted and refuses to trust another key", async () => {
    await ask(hostKey);
    const paste = screen.getByRole("textbox");
    await fireEvent.input(paste, { target: { value: `256 ${FINGERPRINT} root@a (ED25519)` } });
    expect((screen.getByTestId("prompt-accept") as HTMLButtonElement).disabled).toBe(false);
    await fireEvent.input(paste, { target: { value: "SHA256:other" } });
    expect((screen.getByTestId("prompt-accept") as HTMLButtonElement).disabled).toBe(true);
  });
});

describe("a secret", () => {
  it("goes out only when something is typed, and is not in the page afterwards", async () => {
    await ask({ type: "password", data: { user: "me", address: "a.lan", attempt: 2 } });
    const submit = screen.getByTestId("prompt-submit") as HTMLButtonElement;
    expect(submit.disabled).toBe(true);
    expect(screen.getByRole("alert").textContent).toContain("refused");
    await fireEvent.input(screen.getByTestId("prompt-secret"), { target: { value: "hunter2" } });
    await fireEvent.click(screen.getByRole("checkbox"));
    await fireEvent.submit(submit.form as HTMLFormElement);
    expect(backend.requests("prompt_answer")).toEqual([
      { prompt_id: "p1", reply: { type: "secret", data: { value: "hunter2", remember: true } } },
    ]);
    await vi.waitFor(() => expect(screen.queryByTestId("prompt-secret")).toBeNull());
  });
});

describe("a changed host key", () => {
  it("is told with file and line, and offers nothing but to stay away", async () => {
    render(Prompts);
    const subject = { kind: "connect" as const, host_id: "a", session_id: null, message_id: null };
    backend.say("c1", { type: "progress", data: { type: "started", data: subject } });
    backend.say("c1", { type: "error", data: errorInfo("host_key_changed") });
    await screen.findByTestId("changed-key");
    expect(screen.getByText("What happened: host_key_changed")).toBeTruthy();
    expect(screen.queryByTestId("prompt-accept")).toBeNull();
    await fireEvent.click(screen.getByText("Stay disconnected"));
    await vi.waitFor(() => expect(screen.queryByTestId("changed-key")).toBeNull());
  });
});
