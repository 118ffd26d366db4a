import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { blankSession } from "../../ipc/blank";
import { attach } from "../../ipc/events";
import { app } from "../../state/app.svelte";
import { library } from "../../state/library.svelte";
import { search } from "../../state/search.svelte";
import { axeFindings } from "../../test-axe";
import { emptySnapshot, TestBackend } from "../../test-backend";
import BulkBar from "./BulkBar.svelte";
import FolderRow from "./FolderRow.svelte";
import LibraryDialogs from "./LibraryDialogs.svelte";
import SessionRow from "./SessionRow.svelte";

let backend: TestBackend;
const open = vi.fn();
const rename = vi.fn();

/** The row, in a list as it stands in the window. */
function rowOfList(): HTMLElement {
  const row = screen.getByRole("listitem");
  row.parentElement?.setAttribute("role", "list");
  return row;
}

beforeEach(async () => {
  backend = new TestBackend();
  search.clear();
  library.selection.clear();
  library.dialog = null;
  app.sessionId = null;
  backend.snapshot = {
    ...emptySnapshot(),
    folders: [{ id: "f", name: "Notes" }],
    sessions: [blankSession("s1", { title: "Ships", tags: ["sea"] }), blankSession("s2", { title: "Ports" })],
  };
  backend.reply("session_change", ({ session_ids, folder_id }) =>
    session_ids.map((id) => blankSession(id, { title: id, folder_id })),
  );
  await attach();
});

describe("a row of the list", () => {
  function row(part: Parameters<typeof blankSession>[1]): void {
    const session = blankSession("s1", { title: "Ships", ...part });
    const props = { session, current: false, chosen: true, stop: true, renaming: false, onopen: open, onrename: rename };
    render(SessionRow, props);
  }

  it("says what it is, that it is selected, and that it failed", async () => {
    row({ kind: "compare", last_state: "failed" });
    const words = screen.getByTestId("session-row").textContent.replace(/\s+/g, " ");
    expect(words).toContain("selected");
    expect(words).toContain("Comparison of models");
    expect(words).toContain("failed");
    expect(await axeFindings(rowOfList())).toEqual([]);
  });

  it("offers everything that can be done with it", async () => {
    row({});
    const button = screen.getByTestId("session-row");
    await fireEvent.focusIn(button);
    await fireEvent.keyDown(screen.getByTestId("session-menu"), { key: "Enter" });
    await tick();
    expect((await screen.findAllByRole("menuitem")).map((item) => item.textContent.trim().replace(/\s+/g, " "))).toEqual([
      "Rename F2",
      "Pin",
      "Move to a folder…",
      "Tags…",
      "Duplicate",
      "Archive",
      "Export as JSON…",
      "Export as Markdown…",
      "Export as HTML…",
      "Delete Del",
    ]);
  });
});

describe("a folder", () => {
  it("names itself with the number of its chats and takes what is dropped on it", async () => {
    render(FolderRow, { folder: { id: "f", name: "Notes" }, count: 3, open: true, stop: true });
    const row = screen.getByTestId("folder-row");
    expect(row.getAttribute("aria-label")).toBe("Notes, 3 chats");
    expect(row.getAttribute("aria-expanded")).toBe("true");
    const dataTransfer = { types: ["application/x-slipway-chats"], getData: () => '["s1"]' };
    await fireEvent.drop(row, { dataTransfer });
    expect(backend.requests("session_change")).toMatchObject([{ session_ids: ["s1"], folder_id: "f" }]);
    expect(await axeFindings(rowOfList())).toEqual([]);
  });
});

describe("what is done with many", () => {
  it("stands below the list once there is a selection", async () => {
    render(BulkBar);
    expect(screen.queryByTestId("bulk-bar")).toBeNull();
    library.selection.add("s1").add("s2");
    await tick();
    expect(screen.getByTestId("bulk-bar").textContent).toContain("2 selected");
    expect(await axeFindings()).toEqual([]);
  });

  it("moves by keyboard alone", async () => {
    render(LibraryDialogs);
    library.dialog = { kind: "move", ids: ["s1", "s2"] };
    await tick();
    const field = await screen.findByRole("combobox");
    expect(await axeFindings()).toEqual([]);
    await fireEvent.input(field, { target: { value: "not" } });
    await fireEvent.keyDown(field, { key: "Enter" });
    await vi.waitFor(() =>
      expect(backend.requests("session_change")).toMatchObject([{ session_ids: ["s1", "s2"], folder_id: "f" }]),
    );
    expect(library.dialog).toBeNull();
  });

  it("shows the tags that all, some or none have", async () => {
    render(LibraryDialogs);
    library.dialog = { kind: "tags", ids: ["s1", "s2"] };
    const box = (await screen.findByRole("checkbox")) as HTMLInputElement;
    expect([box.checked, box.indeterminate]).toEqual([false, true]);
    expect(await axeFindings()).toEqual([]);
  });

  it("refuses a folder name that is taken", async () => {
    render(LibraryDialogs);
    library.dialog = { kind: "folder", folder: null, ids: [] };
    await fireEvent.input(await screen.findByTestId("folder-name"), { target: { value: "notes" } });
    expect(screen.getByRole("alert").textContent).toBe("There is a folder with this name already.");
    expect((screen.getByRole("button", { name: "Create" }) as HTMLButtonElement).disabled).toBe(true);
  });
});
