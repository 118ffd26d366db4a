/** Words that the drawing needs, in the language of the interface. */
export interface MarkdownLabels {
  /** Name of the button that copies a code block. */
  copyCode: string;
  /** Label of a code block whose language is not named. */
  code: string;
  /** Name of the switch that wraps long lines of code. */
  wrap: string;
  /** Name of the switch that numbers the lines of code. */
  numbers: string;
  /** Said for a ticked task. */
  taskDone: string;
  /** Said for an open task. */
  taskOpen: string;
  /** What a drawn diagram is called. */
  diagram: string;
  /** Name of the switch that shows the text of a diagram. */
  source: string;
  /** Why a diagram is not drawn. */
  diagramFault: (fault: "large" | "slow" | "wrong", reason: string) => string;
  /** Heading of the footnotes, for those who listen. */
  notes: string;
  /** Name of the mention of a footnote. */
  note: (number: number) => string;
  /** Name of the way back from a footnote. */
  noteBack: (number: number) => string;
  /** Tells that a picture comes from a host and is not fetched. */
  picture: (host: string) => string;
}
