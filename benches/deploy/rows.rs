//! The figures as rows: Slipway's, beside what stands against it, and the target where there is one.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};
use slipway_benches::computer::{self, short};
use slipway_benches::samples::Samples;
use slipway_benches::{Outcome, SLIPWAY};
use slipway_protocol::DeployStep;

use crate::options::Options;
use crate::resumption;
use crate::suite::{BY_HAND, DEPLOYS, FIRST_TOKEN, PLANS, REQUEST, ROLLBACK, WHOLE, step_name};

/// What is not to be exceeded.
#[derive(Debug, Clone, Copy)]
enum Bound {
    /// By Slipway's own figure.
    Value(f64),
    /// By its ratio to what stands against it.
    Ratio(f64),
}

/// A row before it has figures.
struct Line {
    place: &'static str,
    measurement: String,
    against: Option<&'static str>,
    bound: Option<Bound>,
}

/// A row. Less is better in all of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    /// The place and what is measured.
    name: String,
    /// Slipway's median.
    value: f64,
    /// Of value and baseline.
    unit: String,
    /// What stands against it.
    against: Option<&'static str>,
    /// The median of that.
    baseline: Option<f64>,
    /// The median over the rounds of Slipway's figure by the other one.
    ratio: Option<f64>,
    /// What is not to be exceeded, and whether it is not.
    target: Option<String>,
    met: Option<bool>,
}

impl Line {
    /// With its figures; none if it was not measured.
    fn row(&self, samples: &Samples) -> Option<Row> {
        let (place, measurement) = (self.place, self.measurement.as_str());
        let value = samples.median(place, measurement, SLIPWAY)?;
        let baseline = self.against.and_then(|other| samples.median(place, measurement, other));
        let ratio = self.against.and_then(|other| {
            samples.paired(place, measurement, (SLIPWAY, other), |ours, theirs| ours / theirs)
        });
        let ratio = ratio.filter(|ratio| ratio.is_finite());
        let reached = match self.bound {
            Some(Bound::Value(bound)) => Some((value, bound, format!("<= {bound}"))),
            Some(Bound::Ratio(bound)) => ratio.map(|r| (r, bound, format!("ratio <= {bound}"))),
            None => None,
        };
        let (name, unit) = measurement.rsplit_once(", ").unwrap_or((measurement, ""));
        Some(Row {
            name: format!("{place}: {name}"),
            value,
            unit: unit.to_owned(),
            against: self.against.filter(|_| baseline.is_some()),
            baseline,
            ratio,
            met: reached.as_ref().map(|(reached, bound, _)| reached <= bound),
            target: reached.map(|(_, _, shown)| shown),
        })
    }
}

impl Row {
    fn text(&self) -> String {
        let Self { name, value, unit, .. } = self;
        let number = |value: Option<f64>| value.map(short).unwrap_or_default();
        let verdict = match self.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let line = format!(
            "{name:<64} {:>8} {unit:<4} {:>8} {:<8} {:>6}  {:<12} {verdict}",
            short(*value),
            number(self.baseline),
            self.against.unwrap_or_default(),
            number(self.ratio),
            self.target.as_deref().unwrap_or_default(),
        );
        line.trim_end().to_owned()
    }
}

/// All rows in the order of the table.
fn lines(options: &Options) -> Vec<Line> {
    let mut lines = Vec::new();
    for place in ["loopback", "40 ms"] {
        let near = place == "loopback";
        let mut add = |measurement: String, against, bound| {
            lines.push(Line { place, measurement, against, bound });
        };
        for deploy in DEPLOYS {
            let limit = (near && deploy == DEPLOYS[1]).then_some(Bound::Value(3.0));
            add(format!("{deploy}: {FIRST_TOKEN}"), Some(BY_HAND), limit);
            add(format!("{deploy}: {WHOLE}"), None, limit);
            for step in DeployStep::ALL {
                add(format!("{deploy}: {}", step_name(step)), Some(BY_HAND), None);
            }
            add(format!("{deploy}: {REQUEST}"), None, None);
        }
        add(ROLLBACK.to_owned(), Some(BY_HAND), near.then_some(Bound::Value(2.0)));
        for plan in PLANS {
            add(plan.to_owned(), None, None);
        }
        let [big, small] = options.uploads().names();
        for program in ["sftp", "scp", "rsync"] {
            let bound = (program == "sftp").then_some(Bound::Ratio(1.0));
            add(big.clone(), Some(program), bound);
        }
        for program in ["sftp", "scp", "rsync"] {
            let bound = (!near && program == "sftp").then_some(Bound::Value(1.0));
            add(small.clone(), Some(program), bound);
        }
        if near {
            for program in ["sftp", "rsync"] {
                add(resumption::name(options), Some(program), None);
            }
        }
    }
    lines
}

/// Prints the table and writes the file.
pub fn publish(options: &Options, samples: &Samples, notes: &[String]) -> Outcome<()> {
    let rows: Vec<Row> = lines(options).iter().filter_map(|line| line.row(samples)).collect();
    let mut text = format!(
        "{:<64} {:>8} {:<4} {:>8} {:<8} {:>6}  target\n",
        "", SLIPWAY, "", "baseline", "", "ratio"
    );
    for line in rows.iter().map(Row::text).chain(notes.iter().cloned()) {
        text.push_str(&line);
        text.push('\n');
    }
    let rounds: Vec<Value> = samples
        .iter()
        .map(|((place, measurement, contender), rounds)| {
            json!({
                "place": place, "measurement": measurement, "contender": contender,
                "rounds": rounds,
            })
        })
        .collect();
    computer::write(&options.out, json!({ "rows": rows, "rounds": rounds, "notes": notes }))?;
    text.push_str(&format!("written to {}\n", options.out.display()));
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        let mut samples = Samples::default();
        for (ours, theirs) in [(1.0, 2.0), (3.0, 4.0), (2.0, 8.0)] {
            samples.add("loopback", "rollback, s", SLIPWAY, ours);
            samples.add("loopback", "rollback, s", BY_HAND, theirs);
        }
        samples
    }

    fn row(bound: Option<Bound>) -> Row {
        let measurement = ROLLBACK.to_owned();
        let line = Line { place: "loopback", measurement, against: Some(BY_HAND), bound };
        line.row(&samples()).unwrap()
    }

    #[test]
    fn a_row_has_medians_and_the_median_of_ratios() {
        let row = row(None);
        assert_eq!((row.name.as_str(), row.unit.as_str()), ("loopback: rollback", "s"));
        assert_eq!((row.value, row.baseline, row.ratio), (2.0, Some(4.0), Some(0.5)));
        assert_eq!((row.target, row.met), (None, None));
    }

    #[test]
    fn targets_are_met_or_missed() {
        let met = |bound| row(Some(bound)).met;
        assert_eq!(met(Bound::Value(2.0)), Some(true));
        assert_eq!(met(Bound::Value(1.9)), Some(false));
        assert_eq!(met(Bound::Ratio(0.5)), Some(true));
        assert_eq!(met(Bound::Ratio(0.4)), Some(false));
    }

    #[test]
    fn what_was_not_measured_has_no_row() {
        let measurement = REQUEST.to_owned();
        let line = Line { place: "loopback", measurement, against: None, bound: None };
        assert_eq!(line.row(&samples()), None);
    }
}
