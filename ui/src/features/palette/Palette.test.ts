import { fireEvent, render, screen } from "@testing-library/svelte";
import Dot from "lucide/dist/esm/icons/dot.mjs";
import { tick } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { blankSession } from "../../ipc/blank";
import { app } from "../../state/app.svelte";
import { axeFindings } from "../../test-axe";
import { TestBackend } from "../../test-backend";
import type { Entry } from "./find";
import Palette from "./Palette.svelte";

const run = vi.fn();
const close = vi.fn();

function entry(id: string, group: Entry["group"], label: string): Entry {
  return { id, group, label, icon: Dot as Entry["icon"], run: () => run(id) };
}

const ENTRIES = [entry("c1", "chats", "Autovacuum"), entry("new", "commands", "New chat"), entry("st", "servers", "studio")];

let backend: TestBackend;

beforeEach(() => {
  localStorage.clear();
  run.mockClear();
  close.mockClear();
  backend = new TestBackend();
  backend.reply("session_search", () => ({
    hits: [{ session: blankSession("s1", { title: "Plan" }), message_id: "m1", at: 1, snippet: [{ text: "a vacuum", hit: true }] }],
    more: false,
  }));
  render(Palette, { entries: ENTRIES, withWords: (words: string) => entry("about", "commands", `About ${words}`), onclose: close });
});

function lines(): string[] {
  return screen.getAllByTestId("palette-line").map((line) => line.textContent.replace(/\s+/g, " ").trim());
}

async function type(text: string): Promise<HTMLElement> {
  const field = await screen.findByTestId("palette-field");
  await fireEvent.input(field, { target: { value: text } });
  return field;
}

describe("the palette", () => {
  it("begins with the commands and is operable by its names and roles", async () => {
    await screen.findByTestId("palette-field");
    expect(lines()).toEqual(["New chat"]);
  });

  it("finds titles at once and texts a moment later", async () => {
    await type("vac");
    expect(lines()).toEqual(["Autovacuum", "About vac"]);
    await vi.waitFor(() => expect(lines()[1]).toContain("a vacuum Plan"));
    expect(await axeFindings()).toEqual([]);
  }, 20_000);

  it("goes by arrows around its ends, and runs what Enter is on", async () => {
    const field = await type("@");
    await fireEvent.keyDown(field, { key: "ArrowDown" });
    await fireEvent.keyDown(field, { key: "Enter" });
    await tick();
    await vi.waitFor(() => expect(run).toHaveBeenCalledWith("st"));
    expect(close).toHaveBeenCalled();
    expect(JSON.parse(localStorage.getItem("slipway.palette.recent") ?? "")).toEqual(["st"]);
  });

  it("opens a message where it stands", async () => {
    const field = await type("vac");
    await vi.waitFor(() => expect(lines()).toHaveLength(3));
    await fireEvent.keyDown(field, { key: "ArrowDown" });
    await fireEvent.keyDown(field, { key: "Enter" });
    await vi.waitFor(() => expect(app.targetMessageId).toBe("m1"));
    expect(app.foundWords).toBe("vac");
  });
});
