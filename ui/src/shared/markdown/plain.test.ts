import { expect, it } from "vitest";

import { drawnLines, plainText } from "./plain";

it("says what a text says, without its markup", () => {
  const text = "# Title\n\nOne **bold** [link](https://a.example) and `code`, $x^2$.\nsame line\n\n- a\n- [x] b\n\n| h | i |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a;\nlet b;\n```\n\n> quoted[^1]\n\n[^1]: note";
  expect(plainText(text)).toBe("Title\nOne bold link and code, $x^2$. same line\na\nb\nh\ti\n1\t2\nlet a;\nlet b;\nquoted\nnote");
  expect(plainText("")).toBe("");
});

it("gives the lines as they are drawn", () => {
  const text =
    "a **vac**uum, $vacuum$ and\nvacuum[^n]\n\n[ref]: https://vacuum.example 'vacuum'\n\n| vacuum | b |\n|---|---|\n| ![vacuum](data:image/png;base64,AAAA) | ![far](https://vacuum.example/p.png) |\n\n```mermaid\ngraph vacuum\n```\n\n```sql\nvacuum;\n```\n\n$$\nvacuum\n$$\n\n[^n]: and vacuum[^o]\n[^o]: last\n[^p]: never mentioned";
  expect(drawnLines(text)).toEqual(["a vacuum,  and vacuum", "vacuum\tb", "\tfar", "vacuum;", "and vacuum", "last"]);
});
