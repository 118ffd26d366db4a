import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { HostKeyQuestion, PromptQuestion } from "../../ipc/bindings";
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
  data: { address: "a.lan", port: 2222, algorithm: "ssh-ed25519", fingerprint: FINGERPRINT, randomart: "", known_by_other_key: null },
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

describe("what would be brought", () => {
  const bring: PromptQuestion = {
    type: "bring",
    data: {
      directory: "/home/me/.local/share/slipway",
      parts: [
        { what: "engine", bytes: 412e6, reason: { en: "The index does not answer.", ru: "Каталог не отвечает." } },
        { what: "model", bytes: 1.6e9, reason: { en: "The hub does not answer.", ru: "Хаб не отвечает." } },
      ],
    },
  };

  it("names parts, sizes, reasons and the place, and has the focus on declining", async () => {
    await ask(bring);
    const words = screen.getByRole("dialog").textContent ?? "";
    for (const part of ["Engine packages", "412 MB", "The hub does not answer.", "2.0 GB in all", "/home/me/.local/share/slipway"])
      expect(words).toContain(part);
    await vi.waitFor(() => expect((document.activeElement as HTMLElement).dataset.testid).toBe("prompt-decline"));
  });

  it.each([
    ["prompt-accept", "accept"],
    ["prompt-decline", "decline"],
  ])("answers %s with %s", async (testid, type) => {
    await ask(bring);
    await fireEvent.click(screen.getByTestId(testid));
    expect(backend.requests("prompt_answer")).toEqual([{ prompt_id: "p1", reply: { type } }]);
  });
});

describe("a key of another type", () => {
  it("warns, names the place of the known one, and draws the key", async () => {
    const data = { ...(hostKey.data as HostKeyQuestion), known_by_other_key: "~/.ssh/known_hosts:41", randomart: "+--+" };
    await ask({ type: "host_key", data });
    expect(screen.getByRole("heading").textContent).toContain("another type");
    expect(screen.getByText("~/.ssh/known_hosts:41")).toBeTruthy();
    expect(screen.getByRole("img", { name: /fingerprint says the same/ }).textContent).toBe("+--+");
    expect(screen.getByTestId("prompt-expiry").textContent).toMatch(/^Waits \d/);
  });

  it("names the machine in between when it is that one that asks", async () => {
    const data = { ...(hostKey.data as HostKeyQuestion), address: "bastion.lan" };
    await ask({ type: "host_key", data });
    expect(screen.getByRole("heading").textContent).toContain("bastion.lan");
    expect(screen.getByRole("dialog").textContent).toContain("on the way to a");
  });
});

describe("the server's own questions", () => {
  const question: PromptQuestion = {
    type: "interactive",
    data: {
      user: "me",
      address: "a.lan",
      title: "Cluster",
      instructions: "Two factors",
      fields: [
        { label: "Password: ", echo: false },
        { label: "Code:", echo: true },
      ],
    },
  };

  it("are asked in its words, hidden where it says so, and answered in their order", async () => {
    await ask(question);
    const password = screen.getByLabelText<HTMLInputElement>("Password");
    expect([password.type, screen.getByLabelText<HTMLInputElement>("Code").type]).toEqual(["password", "text"]);
    expect(screen.queryByRole("checkbox")).toBeNull();
    await fireEvent.input(password, { target: { value: "hunter2" } });
    await fireEvent.submit(password.form as HTMLFormElement);
    expect(backend.requests("prompt_answer")).toEqual([
      { prompt_id: "p1", reply: { type: "answers", data: { values: ["hunter2", ""] } } },
    ]);
  });

  it("are declined with Esc", async () => {
    await ask(question);
    await fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    await vi.waitFor(() => expect(backend.requests("prompt_answer")).toEqual([{ prompt_id: "p1", reply: { type: "decline" } }]));
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
