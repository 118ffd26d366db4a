import { expect, it } from "vitest";
import { NO_SAMPLING } from "../../../ipc/blank";
import { addressed, addressTo } from "./address";

const PARTICIPANTS = ["Ann", "Ann Lee", "Бор"].map((name) => ({ name, host_id: "a", model: null, system_prompt: "", sampling: NO_SAMPLING }));

it.each([
  ["Hello @A", null, "Hello @A"],
  ["@A hello", 0, "hello"],
  ["  @b: hello", 1, "hello"],
  ["@с привет", 2, "привет"],
  ["@Ann hello", 0, "hello"],
  ["@ann lee, hello", 1, "hello"],
  ["@бор\nпривет", 2, "привет"],
  ["@A", 0, ""],
  // Nobody's name, and a letter of nobody: both belong to the line.
  ["@Anna hello", null, "@Anna hello"],
  ["@D hello", null, "@D hello"],
  ["@", null, "@"],
  ["@param x", null, "@param x"],
])("reads for whom %j is", (text, audience, line) => {
  expect(addressed(text, PARTICIPANTS)).toEqual({ audience, line });
});

it("says the same line to somebody else", () => {
  expect(addressTo(1, "hello", PARTICIPANTS)).toBe("@B hello");
  expect(addressTo(0, "@B hello", PARTICIPANTS)).toBe("@A hello");
  expect(addressTo(null, "@Ann Lee: hello", PARTICIPANTS)).toBe("hello");
});
