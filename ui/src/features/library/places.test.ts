import { beforeAll, expect, it } from "vitest";
import { blankMessage, blankSession } from "../../ipc/blank";
import { markAt } from "../../shared/mark-words";
import { markdown } from "../../shared/markdown/lazy.svelte";
import { testLabels } from "../../shared/markdown/test-labels";
import { MarkdownView } from "../../shared/markdown/view";
import { ChatMessage } from "../../state/thread.svelte";
import { placesOf } from "./places";

beforeAll(() => markdown.load());

const session = blankSession("s");
const hit = (message_id: string | null) => ({ session, message_id, at: 1, snippet: [] });
const said = (id: string, content: string, role: "user" | "assistant" = "assistant") =>
  new ChatMessage(blankMessage(id, "s", { content, role }));
const placesIn = (...given: Parameters<typeof placesOf>) => [...placesOf(...given)].flat();

it("counts the places of each message that was found, as they are drawn", () => {
  const messages = [
    said("a", "Vacuum, **vac**uum and autovacuum: see [vacuums](https://vacuum.example/vacuum)."),
    said("b", "Nothing of it."),
    said("c", "A **vacuum**, as it was written: [one](https://vacuum.example/ \"vacuum\").", "user"),
  ];
  // "b" was found by another form of the word; "d" lies on another branch; a title is no place.
  const found = placesIn([hit(null), hit("a"), hit("b"), hit("c"), hit("d")], "vacuum", messages);
  expect(found).toEqual([
    { messageId: "a", place: 0 },
    { messageId: "a", place: 1 },
    { messageId: "a", place: 2 },
    { messageId: "b", place: 0 },
    { messageId: "c", place: 0 },
    { messageId: "c", place: 1 },
    { messageId: "c", place: 2 },
    { messageId: "d", place: 0 },
  ]);
});

it("does not count a place twice where one word begins another", () => {
  expect(placesIn([hit("a")], "vac vacuum", [said("a", "Vacuum, vac.")])).toHaveLength(2);
});

it.each([
  "a **vac**uum, a *vacuum*, `vacuum`, ~~vac~~uum and autovacuum",
  "[vacuum](https://vacuum.example/vacuum \"vacuum\") and [vacuum][1]\n\n[1]: https://vacuum.example/vacuum 'vacuum'",
  "# Vacuum\n\n> vacuum\n> - vacuum\n>   1. vac\n>   uum\n\n- [x] vacuum\n- [ ] vacuum",
  "| vacuum | b |\n|:--|--:|\n| vacuum | `vacuum` |",
  "```sql\nVACUUM vacuum; -- vacuum\n```\n\n    vacuum\n\n```mermaid\ngraph vacuum\n```",
  "$vacuum$ and \\(vacuum\\)\n\n$$\nvacuum\n$$\n\n![vacuum](https://vacuum.example/p.png) vacuum",
  "vacuum[^1] and https://vacuum.example/vacuum\n\n[^1]: vacuum\n[^2]: vacuum",
])("counts what is marked when it is drawn: %j", (content) => {
  const message = document.createElement("article");
  message.innerHTML = "<h2>vacuum</h2><div data-said></div>";
  const view = new MarkdownView(message.lastElementChild as HTMLElement, testLabels, Infinity);
  view.update(content, false);
  const marks = new Set(Array.from({ length: 20 }, (_, place) => where(markAt(message, "vacuum", place))));
  expect(marks.size).toBe(placesIn([hit("a")], "vacuum", [said("a", content)]).length);
  view.destroy();

  function where(range: Range | undefined): string {
    const before = document.createRange();
    before.setStart(message, 0);
    if (range) before.setEnd(range.startContainer, range.startOffset);
    return `${before.toString().length} ${range?.toString().length}`;
  }
});
