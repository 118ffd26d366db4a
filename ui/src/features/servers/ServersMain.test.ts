import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { attach } from "../../ipc/events";
import { TestBackend, deployment, emptySnapshot, errorInfo, hostView } from "../../test-backend";
import { app } from "../../state/app.svelte";
import { toasts } from "../../state/toasts.svelte";
import ServersMain from "./ServersMain.svelte";
import { serversView } from "./servers-view.svelte";

const DEPLOYMENT = deployment();

let backend: TestBackend;

function open(): void {
  render(ServersMain);
}

const primary = (name: string): HTMLButtonElement =>
  screen.getByTestId(`server-card-${name}`).querySelector('[data-testid="server-primary"]') as HTMLButtonElement;

beforeEach(async () => {
  backend = new TestBackend();
  backend.reply("host_suggestions", () => []);
  backend.snapshot = {
    ...emptySnapshot(),
    hosts: [hostView("a", { deployment: DEPLOYMENT }), hostView("b"), hostView("c", { last_error: errorInfo("python_missing") })],
  };
  serversView.dialog = null;
  serversView.search = "";
  app.deployHostId = null;
  await attach();
});

afterEach(() => {
  for (const note of toasts.list) toasts.dismiss(note.id);
});

describe("the cards", () => {
  it("offer one next step each: connect, deploy, retry", () => {
    open();
    expect([primary("a"), primary("b"), primary("c")].map((button) => button.textContent?.trim())).toEqual([
      "Connect",
      "Deploy",
      "Retry",
    ]);
    expect(screen.getByTestId("server-card-c").textContent).toContain("What happened: python_missing");
  });

  it("connect at a click", async () => {
    backend.reply("connect_start", () => ({ request_id: "c1" }));
    open();
    await fireEvent.click(primary("a"));
    await vi.waitFor(() => expect(backend.requests("connect_start")).toEqual([{ host_id: "a" }]));
  });

  it("say it when a command is refused", async () => {
    backend.reply("connect_start", () => {
      throw errorInfo("queue_full");
    });
    open();
    await fireEvent.click(primary("a"));
    await vi.waitFor(() => expect(toasts.list.at(-1)?.words()).toContain("queue_full"));
  });

  it("narrow down to what is searched", async () => {
    open();
    serversView.search = "b.lan";
    await vi.waitFor(() => expect(screen.queryByTestId("server-card-a")).toBeNull());
    expect(screen.getByTestId("server-card-b")).toBeTruthy();
  });
});

describe("uninstall", () => {
  it("asks once, names what is lost, and has the focus on Cancel", async () => {
    backend.reply("uninstall_start", () => ({ request_id: "u1" }));
    open();
    serversView.dialog = { kind: "uninstall", hostId: "a" };
    const confirm = await screen.findByTestId("server-uninstall-confirm");
    expect(screen.getByRole("dialog").textContent).toContain("m stops answering");
    await vi.waitFor(() => expect(document.activeElement?.textContent?.trim()).toBe("Cancel"));
    await fireEvent.click(confirm);
    await vi.waitFor(() => expect(backend.requests("uninstall_start")).toEqual([{ host_id: "a", keep_models: false }]));
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("rename", () => {
  it("keeps the dialog open with the reason when the name is taken", async () => {
    backend.reply("host_rename", () => {
      throw errorInfo("invalid_input");
    });
    open();
    serversView.dialog = { kind: "rename", hostId: "a" };
    const field = (await screen.findByLabelText("Name")) as HTMLInputElement;
    await fireEvent.input(field, { target: { value: "b" } });
    await fireEvent.submit(field.form as HTMLFormElement);
    await screen.findByText(/invalid_input/);
    backend.reply("host_rename", ({ name }) => ({ ...hostView("a").host, name }));
    await fireEvent.submit(field.form as HTMLFormElement);
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});
