/** A colour of the tokens and a dash: lines are told apart by both, never by hue alone. */
export interface Ink {
  tone: "first" | "second" | "third" | "error";
  dash: "solid" | "dashed" | "dotted";
}

/** A stretch of time that one value stands for. */
export interface Span {
  from: number;
  until: number;
}

/** Values over the stretches of a chart. */
export interface Series {
  key: string;
  label: string;
  /** The label where there is little room. */
  short?: string;
  /** One for each stretch; null where nothing was measured. */
  values: readonly (number | null)[];
  kind: "line" | "bars";
  ink: Ink;
  /** The one figure for all of it. */
  figure?: string;
}

/** Further figures of a chart, in words. */
export interface Fact {
  label: string;
  value: string;
}

/** Lines that can be told apart in one chart. */
export const INKS: readonly Ink[] = [
  { tone: "first", dash: "solid" },
  { tone: "second", dash: "dashed" },
  { tone: "third", dash: "solid" },
  { tone: "second", dash: "solid" },
  { tone: "first", dash: "dotted" },
  { tone: "third", dash: "dashed" },
];

/** The pattern of a dash on a canvas, in pixels. */
export const DASHES: Record<Ink["dash"], number[]> = { solid: [], dashed: [4, 3], dotted: [1.5, 2.5] };

/** What is drawn: with `stacked`, each series stands on the ones after it. */
export function drawn(series: readonly Series[], stacked: boolean): (number | null)[][] {
  if (!stacked) return series.map(({ values }) => [...values]);
  const sums: (number | null)[][] = [];
  let below: readonly (number | null)[] = [];
  for (const { values } of [...series].reverse()) {
    const sum = values.map((value, at) => (value === null ? null : value + (below[at] ?? 0)));
    sums.unshift(sum);
    below = sum;
  }
  return sums;
}

/** Values without a neighbour: a line does not show them, so they are drawn as points. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const isEmpty = (at: number): boolean => (values[at] ?? null) === null;
  return values.flatMap((_, at) => (!isEmpty(at) && isEmpty(at - 1) && isEmpty(at + 1) ? [at] : []));
}

/** The stretches in which at least one series says something, by their place. */
export function measured(series: readonly Series[], count: number): number[] {
  const places: number[] = [];
  for (let at = 0; at < count; at += 1) if (series.some(({ values }) => (values[at] ?? null) !== null)) places.push(at);
  return places;
}

/** Where the cursor goes from `at` by a key, among the places that have values; null leaves it. */
export function moved(places: readonly number[], at: number | null, key: string): number | null {
  const last = places.length - 1;
  if (last < 0) return null;
  const next = at === null ? last + 1 : places.findIndex((place) => place >= at);
  const here = next < 0 ? last + 1 : next;
  // Between two places, or before the first move, a step to the right lands on the next one.
  const isOn = places[here] === at;
  const steps: Record<string, number> = {
    ArrowLeft: here - 1,
    ArrowDown: here - 1,
    ArrowRight: isOn ? here + 1 : here,
    ArrowUp: isOn ? here + 1 : here,
    PageDown: here - 10,
    PageUp: here + 10,
    Home: 0,
    End: last,
  };
  const wanted = steps[key];
  return wanted === undefined ? null : (places[Math.min(last, Math.max(0, wanted))] ?? null);
}
