import { fireEvent, render, screen } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";
import NumberField from "./NumberField.svelte";

function field(part: object = {}) {
  const onchange = vi.fn();
  render(NumberField, { value: 4, min: 1, max: 32, label: "Answers", onchange, ...part });
  const input = screen.getByLabelText("Answers") as HTMLInputElement;
  const type = async (words: string): Promise<void> => {
    await fireEvent.input(input, { target: { value: words } });
    await fireEvent.keyDown(input, { key: "Enter" });
  };
  return { input, onchange, type };
}

describe("NumberField", () => {
  it("takes a number within its bounds", async () => {
    const { onchange, type } = field();
    await type(" 12 ");
    expect(onchange).toHaveBeenCalledWith(12);
  });

  it.each(["0", "33", "2.5", "many", ""])("refuses %j and says what goes", async (words) => {
    const { input, onchange, type } = field();
    await type(words);
    expect(onchange).not.toHaveBeenCalled();
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByRole("alert").textContent).toContain("1 to 32");
  });

  it("takes decimals with a comma where it may", async () => {
    const { onchange, type } = field({ fractional: true, min: 0, max: 2, value: null, placeholder: "—" });
    await type("0,7");
    expect(onchange).toHaveBeenCalledWith(0.7);
  });

  it("goes back to the default when it is emptied, where there is one", async () => {
    const { onchange, type } = field({ placeholder: "4" });
    await type("");
    expect(onchange).toHaveBeenCalledWith(null);
  });

  it("gives up on Escape", async () => {
    const { input, onchange } = field();
    await fireEvent.input(input, { target: { value: "99" } });
    await fireEvent.keyDown(input, { key: "Escape" });
    await fireEvent.change(input);
    expect(input.value).toBe("4");
    expect(onchange).not.toHaveBeenCalled();
  });
});
