import { fireEvent, render, screen } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";
import LookupField from "./LookupField.svelte";

const OPTIONS = ["gpu-box", "hpc-gpu7", "old-gpu", "studio", "my-gpu"].map((value) => ({ value, detail: `me@${value}` }));

function lookup(part: object = {}) {
  const onsubmit = vi.fn();
  const caption = (shown: number, all: number): string => `${shown} of ${all}`;
  render(LookupField, { value: "", label: "Address", placeholder: "", action: "Go", options: OPTIONS, caption, onsubmit, ...part });
  return { onsubmit, input: screen.getByRole("combobox") as HTMLInputElement };
}

describe("LookupField", () => {
  it("narrows the options to what is typed and marks it", async () => {
    const { input } = lookup();
    await fireEvent.input(input, { target: { value: "gpu" } });
    expect(screen.getAllByRole("option")).toHaveLength(3);
    expect(screen.getByText("3 of 5")).toBeTruthy();
    expect(document.querySelectorAll("mark")).toHaveLength(3);
    await fireEvent.click(screen.getByText("1 more"));
    expect(screen.getAllByRole("option")).toHaveLength(4);
  });

  it("takes an option by the arrow keys and Enter", async () => {
    const { input, onsubmit } = lookup();
    await fireEvent.keyDown(input, { key: "ArrowDown" });
    await fireEvent.keyDown(input, { key: "ArrowDown" });
    expect(input.getAttribute("aria-activedescendant")).toBe(screen.getAllByRole("option")[1]?.id);
    await fireEvent.keyDown(input, { key: "Enter" });
    expect(onsubmit).toHaveBeenCalledWith("hpc-gpu7");
  });

  it("takes what is typed, trimmed, and nothing when it is empty", async () => {
    const { input, onsubmit } = lookup();
    await fireEvent.click(screen.getByText("Go"));
    expect(onsubmit).not.toHaveBeenCalled();
    await fireEvent.input(input, { target: { value: "  me@new:22 " } });
    await fireEvent.keyDown(input, { key: "Enter" });
    expect(onsubmit).toHaveBeenCalledWith("me@new:22");
  });

  it("names what was refused", () => {
    const { input } = lookup({ error: "No such host." });
    expect(screen.getByRole("alert").textContent).toBe("No such host.");
    expect(input.getAttribute("aria-invalid")).toBe("true");
  });

  it("is found by further words, and says at once what cannot be right", async () => {
    const options = [{ value: "node", detail: "me@node", also: "me@bastion" }];
    const check = (value: string, complete: boolean): string => (value.includes(" ") ? "no spaces" : complete && value.endsWith("@") ? "no host" : "");
    const { input, onsubmit } = lookup({ options, check });
    await fireEvent.input(input, { target: { value: "bastion" } });
    expect(screen.getAllByRole("option")).toHaveLength(1);
    await fireEvent.input(input, { target: { value: "me@ b" } });
    expect(screen.getByRole("alert").textContent).toBe("no spaces");
    await fireEvent.input(input, { target: { value: "me@" } });
    expect(screen.queryByRole("alert")).toBeNull();
    await fireEvent.keyDown(input, { key: "Enter" });
    expect(screen.getByRole("alert").textContent).toBe("no host");
    expect(onsubmit).not.toHaveBeenCalled();
  });
});
