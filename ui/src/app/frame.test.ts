import { render } from "@testing-library/svelte";
import { expect, it } from "vitest";
import page from "../../index.html?raw";
import Rail from "./Rail.svelte";

/** What is drawn of an icon. */
const shapes = (svg: Element): string[] =>
  Array.from(svg.children, (shape) => [shape.tagName, ...shape.getAttributeNames().toSorted().map((name) => `${name}=${shape.getAttribute(name)}`)].join(" "));

it("shows the icons of the rail before the script is there", () => {
  const { container } = render(Rail);
  const rail = Array.from(container.querySelectorAll("svg"), shapes);
  const frame = new DOMParser().parseFromString(page, "text/html");
  expect(Array.from(frame.querySelectorAll("#frame svg"), shapes)).toEqual(rail);
  expect(rail).toHaveLength(5);
});
