import { render } from "@testing-library/svelte";
import type { Component } from "svelte";
import { expect, it } from "vitest";
import page from "../../index.html?raw";
import Mark from "../shared/Mark.svelte";
import Rail from "./Rail.svelte";

/** What is drawn of an icon. */
const shapes = (svg: Element): string[] =>
  Array.from(svg.children, (shape) => [shape.tagName, ...shape.getAttributeNames().toSorted().map((name) => `${name}=${shape.getAttribute(name)}`)].join(" "));

const frame = new DOMParser().parseFromString(page, "text/html");

it.each<[part: string, component: Component, count: number]>([
  [".shell", Rail as Component, 5],
  [".doors", Mark as Component, 1],
])("shows the icons of %s before the script is there", (part, component, count) => {
  const { container } = render(component);
  const icons = Array.from(container.querySelectorAll("svg"), shapes);
  expect(Array.from(frame.querySelectorAll(`#frame ${part} svg`), shapes)).toEqual(icons);
  expect(icons).toHaveLength(count);
});
