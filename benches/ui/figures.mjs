// Samples and what is said of them.

/** The value that `share` (0 to 1) of the samples do not exceed. */
export function quantile(samples, share) {
  const ordered = samples.toSorted((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.max(0, Math.ceil(share * ordered.length) - 1))];
}

/** The middle one. */
export function median(samples) {
  return quantile(samples, 0.5);
}

/** All figures of a run. */
export class Report {
  #rows = [];

  /**
   * Adds a figure: `unit` of `value`, at most (`ms`, `nodes`, …) or for `fps` at least `budget`; without one it is
   * information. `beside` is what else was measured in the same run, in words; `samples` go to the file only.
   */
  add({ what, value, unit, budget, beside = "", samples }) {
    const within = budget === undefined ? undefined : unit === "fps" ? value >= budget : value <= budget;
    const row = { what, value, unit, budget, within, beside, samples };
    this.#rows.push(row);
    console.log(columns(row).join("  ").trimEnd());
  }

  /** The whole table. */
  table() {
    const head = ["what".padEnd(58), "measured".padStart(12), "budget".padStart(10), "verdict", "beside"].join("  ");
    return [head, ...this.#rows.map((row) => columns(row).join("  ").trimEnd())].join("\n");
  }

  toJSON() {
    return this.#rows;
  }
}

function columns({ what, value, unit, budget, within, beside }) {
  const verdict = within === undefined ? "" : within ? "within" : "OVER";
  const bound = budget === undefined ? "" : `${unit === "fps" ? ">=" : "<="} ${short(budget)}`;
  return [what.padEnd(58), `${short(value)} ${unit}`.padStart(12), bound.padStart(10), verdict.padEnd(7), beside];
}

/** A number with as many digits as are worth reading. */
export function short(value) {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}
