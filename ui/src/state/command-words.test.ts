import { describe, expect, it } from "vitest";
import { joinCommand, OpenQuote, readEnvironment, splitCommand } from "./command-words";

describe("splitCommand", () => {
  it.each([
    ["/opt/serve --port {port}", ["/opt/serve", "--port", "{port}"]],
    [`a 'b c' "d \\"e\\" f"`, ["a", "b c", 'd "e" f']],
    [`a\\ b "" c`, ["a b", "", "c"]],
    [`--json='{"a": 1}'`, ['--json={"a": 1}']],
    ["  ", []],
  ])("takes %j apart", (line, words) => {
    expect(splitCommand(line)).toEqual(words);
    expect(splitCommand(joinCommand(words))).toEqual(words);
  });

  it("refuses a quote that is not closed", () => {
    expect(() => splitCommand("serve 'my model")).toThrow(OpenQuote);
  });
});

describe("readEnvironment", () => {
  it("reads a variable a line, values with equals signs included", () => {
    expect(readEnvironment("A=1\n\n B_2=x=y \n")).toEqual({ A: "1", B_2: "x=y" });
  });

  it.each(["1A=2", "no equals sign", "A B=1"])("refuses %j", (line) => {
    expect(readEnvironment(line)).toBeNull();
  });
});
