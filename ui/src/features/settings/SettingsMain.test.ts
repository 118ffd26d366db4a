import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { attach } from "../../ipc/events";
import { TestBackend, emptySnapshot, errorInfo } from "../../test-backend";
import { app } from "../../state/app.svelte";
import { settingsView } from "../../state/settings-view.svelte";
import SettingsMain from "./SettingsMain.svelte";

let backend: TestBackend;

beforeEach(async () => {
  backend = new TestBackend();
  backend.snapshot = emptySnapshot();
  backend.reply("settings_set", (next) => next);
  backend.reply("hub_token_set", () => ({}));
  await attach();
  settingsView.group = "models";
  settingsView.search = "";
  render(SettingsMain);
});

async function write(testid: string, words: string): Promise<void> {
  const field = screen.getByTestId(testid);
  await fireEvent.input(field, { target: { value: words } });
  await fireEvent.keyDown(field, { key: "Enter" });
}

describe("an address in the settings", () => {
  it("takes one over http or https, and says what goes otherwise", async () => {
    await write("settings-hub_url", "hub.example.org");
    expect(screen.getByRole("alert").textContent).toContain("https://");
    expect(backend.requests("settings_set")).toEqual([]);
    await write("settings-hub_url", " https://hub.example.org ");
    await vi.waitFor(() => expect(backend.requests("settings_set")).toMatchObject([{ hub_url: "https://hub.example.org" }]));
  });

  it("may be empty only where that means something", async () => {
    await write("settings-package_index", "https://index.example.org/simple");
    await vi.waitFor(() => expect(backend.requests("settings_set")).toHaveLength(1));
    await write("settings-package_index", "");
    await vi.waitFor(() => expect(backend.requests("settings_set")).toMatchObject([{}, { package_index: "" }]));
    await write("settings-hub_url", "");
    expect(screen.getByRole("alert")).toBeTruthy();
    expect(backend.requests("settings_set")).toHaveLength(2);
  });
});

describe("the token of the hub", () => {
  const state = (): string => screen.getByTestId("settings-hub-token-state").textContent ?? "";

  it("is kept, never shown, and forgotten again", async () => {
    expect(state()).toBe("default: none");
    await fireEvent.click(screen.getByTestId("settings-hub-token-edit"));
    const field = (await screen.findByTestId("settings-hub-token")) as HTMLInputElement;
    expect(field.type).toBe("password");
    await fireEvent.input(field, { target: { value: "hf_1" } });
    await fireEvent.click(screen.getByTestId("settings-hub-token-save"));
    await vi.waitFor(() => expect(state()).toBe("a token is kept"));
    expect(app.info?.hub_token).toBe(true);
    const forget = await screen.findByTestId("settings-hub-token-forget");
    expect(screen.queryByTestId("settings-hub-token")).toBeNull();
    await fireEvent.click(forget);
    await vi.waitFor(() => expect(state()).toBe("default: none"));
    expect(backend.requests("hub_token_set")).toEqual([{ token: "hf_1" }, { token: null }]);
  });

  it("stays in its field with the reason when the keychain refuses", async () => {
    backend.reply("hub_token_set", () => {
      throw errorInfo("internal");
    });
    await fireEvent.click(screen.getByTestId("settings-hub-token-edit"));
    await fireEvent.input(await screen.findByTestId("settings-hub-token"), { target: { value: "hf_1" } });
    await fireEvent.click(screen.getByTestId("settings-hub-token-save"));
    expect(await screen.findByText(/What happened: internal/)).toBeTruthy();
  });
});

describe("the keys of the quick window", () => {
  it("are recorded, refused without a modifier, and cleared", async () => {
    settingsView.group = "general";
    const button = await screen.findByTestId("settings-quick_shortcut");
    await fireEvent.click(button);
    await fireEvent.keyDown(button, { key: "k", code: "KeyK" });
    expect(screen.getByRole("alert").textContent).toContain("Add Ctrl");
    await fireEvent.keyDown(button, { key: " ", code: "Space", altKey: true });
    await vi.waitFor(() => expect(backend.requests("settings_set")).toMatchObject([{ quick_shortcut: "Alt+Space" }]));
    expect(button.textContent).toContain("AltSpace");
    await fireEvent.click(await screen.findByTestId("settings-quick_shortcut-clear"));
    await vi.waitFor(() => expect(backend.requests("settings_set")).toMatchObject([{}, { quick_shortcut: "" }]));
  });

  it("stay as they are after Esc, which closes nothing else", async () => {
    settingsView.group = "general";
    const button = await screen.findByTestId("settings-quick_shortcut");
    await fireEvent.click(button);
    expect(button.getAttribute("aria-pressed")).toBe("true");
    await fireEvent.keyDown(button, { key: "Escape", code: "Escape" });
    expect(button.getAttribute("aria-pressed")).toBe("false");
    expect(backend.requests("settings_set")).toEqual([]);
  });
});
