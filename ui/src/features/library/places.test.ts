import { expect, it } from "vitest";
import { blankMessage, blankSession } from "../../ipc/blank";
import { ChatMessage } from "../../state/thread.svelte";
import { placesOf } from "./places";

const session = blankSession("s");
const hit = (message_id: string | null) => ({ session, message_id, at: 1, snippet: [] });
const said = (id: string, content: string) => new ChatMessage(blankMessage(id, "s", { content }));

it("counts the places of each message that was found, as they are drawn", () => {
  const messages = [
    said("a", "Vacuum, **vac**uum and autovacuum: see [vacuums](https://vacuum.example/vacuum)."),
    said("b", "Nothing of it."),
    said("c", "Another vacuum."),
  ];
  // "b" was found by another form of the word; "d" lies on another branch; a title is no place.
  const found = placesOf([hit(null), hit("a"), hit("b"), hit("c"), hit("d")], "vacuum", messages);
  expect(found).toEqual([
    { messageId: "a", place: 0 },
    { messageId: "a", place: 1 },
    { messageId: "a", place: 2 },
    { messageId: "b", place: 0 },
    { messageId: "c", place: 0 },
    { messageId: "d", place: 0 },
  ]);
});

it("does not count a place twice where one word begins another", () => {
  expect(placesOf([hit("a")], "vac vacuum", [said("a", "Vacuum, vac.")])).toHaveLength(2);
});
