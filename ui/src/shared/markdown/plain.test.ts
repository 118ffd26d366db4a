import { expect, it } from "vitest";

import { plainText } from "./plain";

it("says what a text says, without its markup", () => {
  const text = "# Title\n\nOne **bold** [link](https://a.example) and `code`, $x^2$.\nsame line\n\n- a\n- [x] b\n\n| h | i |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a;\nlet b;\n```\n\n> quoted[^1]\n\n[^1]: note";
  expect(plainText(text)).toBe("Title\nOne bold link and code, $x^2$. same line\na\nb\nh\ti\n1\t2\nlet a;\nlet b;\nquoted");
  expect(plainText("")).toBe("");
});
