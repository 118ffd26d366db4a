import type { MarkdownLabels } from "./labels";

/** Words for tests of the drawing. */
export const testLabels: MarkdownLabels = {
  copyCode: "Copy the code",
  code: "text",
  wrap: "Wrap",
  numbers: "Numbers",
  taskDone: "done",
  taskOpen: "open",
  diagram: "Diagram",
  source: "Source",
  diagramFault: (fault, reason) => `${fault}: ${reason}`,
  notes: "Footnotes",
  note: (number) => `Footnote ${number}`,
  noteBack: (number) => `Back from ${number}`,
  picture: (host) => `Picture on ${host}`,
};
