//! The figures as a table and as JSON, each target beside what was reached.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};
use slipway_benches::computer::{self, short};
use slipway_benches::samples::Samples;
use slipway_benches::upload::CONNECTED;
use slipway_benches::{Outcome, SLIPWAY};

use crate::contender::{SSH, SSH_GCM, TCP};
use crate::options::Options;

/// Contenders in the order of the table's columns.
const COLUMNS: [&str; 8] = [TCP, SSH, SSH_GCM, "sftp", "scp", "rsync", SLIPWAY, CONNECTED];

/// How a figure is made of two contenders.
#[derive(Clone, Copy)]
enum Figure {
    /// Slipway's by the other's.
    Ratio(&'static str),
    /// The other's by Slipway's: of times, where less is better.
    Speedup(&'static str),
    /// Slipway's less the other's.
    Difference(&'static str),
    /// Slipway's alone.
    Own,
}

/// A target: a figure and its bound.
struct Target {
    place: &'static str,
    measurement: String,
    figure: Figure,
    at_least: bool,
    bound: f64,
}

impl Target {
    fn new(
        place: &'static str,
        measurement: &str,
        figure: Figure,
        at_least: bool,
        bound: f64,
    ) -> Self {
        Self { place, measurement: measurement.to_owned(), figure, at_least, bound }
    }

    fn reached(&self, samples: &Samples) -> Option<f64> {
        let with = |other, combine: fn(f64, f64) -> f64| {
            samples.paired(self.place, &self.measurement, (SLIPWAY, other), combine)
        };
        match self.figure {
            Figure::Ratio(other) => with(other, |ours, theirs| ours / theirs),
            Figure::Speedup(other) => with(other, |ours, theirs| theirs / ours),
            Figure::Difference(other) => with(other, |ours, theirs| ours - theirs),
            Figure::Own => samples.median(self.place, &self.measurement, SLIPWAY),
        }
    }

    fn describe(&self) -> String {
        let Self { place, measurement, .. } = self;
        match self.figure {
            Figure::Ratio(other) => format!("{place}: {measurement}: slipway / {other}"),
            Figure::Speedup(other) => format!("{place}: {measurement}: {other} / slipway"),
            Figure::Difference(other) => format!("{place}: {measurement}: slipway - {other}"),
            Figure::Own => format!("{place}: {measurement}: slipway"),
        }
    }

    fn bound(&self) -> String {
        format!("{} {}", if self.at_least { ">=" } else { "<=" }, self.bound)
    }
}

fn targets(options: &Options) -> Vec<Target> {
    use Figure::{Difference, Own, Ratio, Speedup};
    let (near, far) = ("loopback", "40 ms");
    let [big, small] = options.uploads().names();
    vec![
        Target::new(near, "bulk down, MiB/s", Ratio(SSH), true, 1.5),
        Target::new(near, "bulk up, MiB/s", Ratio(SSH), true, 1.8),
        Target::new(near, "bulk down, MiB/s", Ratio(SSH_GCM), true, 1.0),
        Target::new(near, "bulk up, MiB/s", Ratio(SSH_GCM), true, 1.2),
        Target::new(near, "CPU down, s/GiB", Ratio(SSH), false, 0.5),
        Target::new(near, "CPU up, s/GiB", Ratio(SSH), false, 0.5),
        Target::new(near, "request p99, us", Difference(TCP), false, 300.0),
        Target::new(near, "connections/s, 1 at once", Ratio(SSH), true, 0.9),
        Target::new(near, "memory of 100 streams, MiB", Own, false, 15.0),
        Target::new(near, &big, Speedup("sftp"), true, 1.0),
        Target::new(far, "event p99, us", Difference(TCP), false, 500.0),
        Target::new(far, "bulk down, MiB/s", Ratio(SSH), true, 1.3),
        Target::new(far, &big, Speedup("sftp"), true, 1.0),
        Target::new(far, &small, Own, false, 1.0),
    ]
}

/// Prints the tables and writes the file.
pub fn publish(options: &Options, samples: &Samples, notes: &[String]) -> Outcome<()> {
    let targets = targets(options);
    let mut text = figures(samples);
    text.push('\n');
    for target in &targets {
        let (reached, verdict) = match target.reached(samples) {
            None => ("-".to_owned(), "not measured"),
            Some(value) if (value >= target.bound) == target.at_least || value == target.bound => {
                (short(value), "met")
            }
            Some(value) => (short(value), "MISSED"),
        };
        let (what, bound) = (target.describe(), target.bound());
        text.push_str(&format!("{what:<62} {reached:>9}  {bound:<8} {verdict}\n"));
    }
    for note in notes {
        text.push_str(&format!("{note}\n"));
    }
    let targets: Vec<Value> = targets
        .iter()
        .map(|target| {
            let reached = target.reached(samples);
            let met = reached.map(|value| {
                if target.at_least { value >= target.bound } else { value <= target.bound }
            });
            json!({
                "what": target.describe(), "target": target.bound(), "reached": reached, "met": met,
            })
        })
        .collect();
    let figures: Vec<Value> = samples
        .iter()
        .map(|((place, measurement, contender), rounds)| {
            json!({
                "place": place, "measurement": measurement, "contender": contender,
                "median": samples.median(place, measurement, contender), "rounds": rounds,
            })
        })
        .collect();
    let file = json!({ "targets": targets, "figures": figures, "notes": notes });
    computer::write(&options.out, file)?;
    text.push_str(&format!("written to {}\n", options.out.display()));
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The medians, a line for each measurement.
fn figures(samples: &Samples) -> String {
    let rows: BTreeSet<(&str, &str)> = samples
        .iter()
        .map(|((place, measurement, _), _)| (place.as_str(), measurement.as_str()))
        .collect();
    let mut text = format!("{:<38}", "");
    for column in COLUMNS {
        text.push_str(&format!("{column:>10.18}"));
        text.push(' ');
    }
    text.push('\n');
    // Loopback first: the other place begins with a digit.
    for (place, measurement) in rows.into_iter().rev() {
        text.push_str(&format!("{:<38}", format!("{place}: {measurement}")));
        for column in COLUMNS {
            let value = samples.median(place, measurement, column).map(short).unwrap_or_default();
            text.push_str(&format!("{value:>width$} ", width = column.len().max(10)));
        }
        text.push('\n');
    }
    text
}
