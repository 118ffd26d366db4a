import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { DASHES, drawn, lonely, type Ink, type Series, type Span } from "./series";
import { timeTicks, valueTicks, type TimeUnit } from "./ticks";

/** What a plot shows. */
export interface PlotModel {
  spans: readonly Span[];
  series: readonly Series[];
  stacked: boolean;
  /** Whether the values are counts. */
  whole: boolean;
  /** A mark of the axis of values, and the step between two. */
  valueMark: (value: number, step: number) => string;
  timeMark: (at: number, unit: TimeUnit) => string;
}

/** A plot in the page. */
export interface Plot {
  show(model: PlotModel): void;
  resize(width: number): void;
  /** Puts the crosshair on a stretch; null takes it away. */
  point(at: number | null): void;
  /** Reads the colours again. */
  recolour(): void;
  /** Where a stretch stands, in pixels from the left edge. */
  left(at: number): number;
  destroy(): void;
}

const HEIGHT = 176;
/** Room of a label of time. */
const LABEL = 72;
const FONT_SIZE = 11;
const TONES: Record<Ink["tone"], string> = {
  first: "--series-1",
  second: "--series-2",
  third: "--series-3",
  error: "--err-fill",
};

/** Draws into an element, and says over which stretch the pointer is. */
export function mountPlot(target: HTMLElement, onpoint: (at: number | null) => void): Plot {
  let plot: UPlot | null = null;
  let model: PlotModel | null = null;
  let width = target.clientWidth;
  let style = getComputedStyle(target);

  const colour = (name: string): string => style.getPropertyValue(name).trim();

  function build(): void {
    plot?.destroy();
    plot = model && width > 0 ? new UPlot(optionsOf(model, width, style.fontFamily, colour, onpoint), dataOf(model), target) : null;
  }

  return {
    show(next) {
      model = next;
      build();
    },
    resize(next) {
      width = next;
      if (plot) plot.setSize({ width, height: HEIGHT });
      else build();
    },
    point(at) {
      if (!plot) return;
      const middle = at === null ? undefined : plot.data[0][at];
      const left = middle === undefined ? -10 : plot.valToPos(middle, "x");
      plot.setCursor({ left, top: middle === undefined ? -10 : 0 }, false);
    },
    recolour() {
      style = getComputedStyle(target);
      plot?.redraw(false);
    },
    left(at) {
      const middle = plot?.data[0][at];
      if (!plot || middle === undefined) return 0;
      return plot.valToPos(middle, "x") + plot.bbox.left / devicePixelRatio;
    },
    destroy() {
      plot?.destroy();
      plot = null;
    },
  };
}

function dataOf({ spans, series, stacked }: PlotModel): UPlot.AlignedData {
  return [spans.map(({ from, until }) => (from + until) / 2), ...drawn(series, stacked)];
}

function optionsOf(
  model: PlotModel,
  width: number,
  family: string,
  colour: (name: string) => string,
  onpoint: (at: number | null) => void,
): UPlot.Options {
  const from = model.spans[0]?.from ?? 0;
  const until = model.spans.at(-1)?.until ?? 1;
  const most = Math.max(0, ...drawn(model.series, model.stacked).flatMap((values) => values.map((value) => value ?? 0)));
  const values = valueTicks(most, model.whole);
  const font = `${FONT_SIZE}px ${family}`;
  const axis = { stroke: () => colour("--fg-3"), font, ticks: { show: false }, border: { show: false } };
  return {
    width,
    height: HEIGHT,
    ms: 1,
    legend: { show: false },
    padding: [8, 10, 0, 0],
    scales: { x: { time: false, range: () => [from, until] }, y: { range: () => [0, values.marks.at(-1) ?? 1] } },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 6,
        grid: { show: false },
        splits: (self) => timeTicks(model.spans, labelsIn(self)).marks,
        values: (self, marks) => {
          const { unit } = timeTicks(model.spans, labelsIn(self));
          return marks.map((at) => model.timeMark(at, unit));
        },
      },
      {
        ...axis,
        gap: 8,
        size: (self, labels) => roomFor(self, labels ?? [], font),
        grid: { stroke: () => colour("--line"), width: 1 },
        splits: () => values.marks,
        values: (_, marks) => marks.map((value) => model.valueMark(value, values.step)),
      },
    ],
    series: [{}, ...model.series.map((one) => seriesOf(one, colour))],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: (_, at) => (model.series[at - 1]?.kind === "bars" ? 0 : 7), width: 1.5, fill: () => colour("--bg-raised") },
    },
    hooks: {
      setCursor: [
        (self) => {
          // A plot that is built anew has no pointer over it yet, and knows nothing better than the page.
          if (self.cursor.event) onpoint((self.cursor.left ?? -1) < 0 ? null : (self.cursor.idx ?? null));
        },
      ],
    },
  };
}

/** How many labels of time have room side by side. */
function labelsIn(self: UPlot): number {
  return Math.max(2, Math.floor(self.width / LABEL));
}

/** The width of the widest label, so that no figure is cut and no room is wasted. */
function roomFor(self: UPlot, labels: string[], font: string): number {
  self.ctx.save();
  // The canvas counts in pixels of the device.
  self.ctx.font = font.replace(/^\d+px/, `${FONT_SIZE * devicePixelRatio}px`);
  const widest = Math.max(0, ...labels.map((label) => self.ctx.measureText(label).width));
  self.ctx.restore();
  return Math.ceil(widest / devicePixelRatio) + 10;
}

function seriesOf({ kind, ink, values }: Series, colour: (name: string) => string): UPlot.Series {
  const paint = (): string => colour(TONES[ink.tone]);
  if (kind === "bars") {
    const bars = UPlot.paths.bars?.({ size: [0.8, 48, 1], radius: 0.05 });
    return { paths: bars, fill: paint, stroke: paint, width: 0, points: { show: false } };
  }
  const alone = lonely(values);
  return {
    stroke: paint,
    width: 1.75,
    dash: DASHES[ink.dash],
    points: { show: false, size: 5, stroke: paint, fill: paint, filter: () => (alone.length > 0 ? alone : null) },
  };
}
