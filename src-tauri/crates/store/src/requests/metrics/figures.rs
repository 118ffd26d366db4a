//! Counting and sorting what requests took.

use slipway_protocol::{MetricsFigures, Percentiles};

use super::Sample;

/// The figures of these requests.
pub(super) fn figures<'s>(samples: impl Iterator<Item = &'s Sample> + Clone) -> MetricsFigures {
    let mut figures = MetricsFigures::default();
    for sample in samples.clone() {
        figures.requests += 1;
        figures.errors += u64::from(sample.failed);
        figures.stopped += u64::from(sample.stopped);
        figures.prompt_tokens += sample.prompt_tokens.unwrap_or(0);
        figures.completion_tokens += sample.completion_tokens.unwrap_or(0);
    }
    figures.first_token_ms = percentiles(samples.clone().filter_map(|s| s.first_token_ms));
    figures.total_ms = percentiles(samples.clone().filter_map(|s| s.total_ms));
    figures.tokens_per_second = percentiles(samples.clone().filter_map(|s| s.tokens_per_second));
    figures.queue_ms = percentiles(samples.filter_map(|s| s.queue_ms));
    figures
}

/// The median speed of generation.
pub(super) fn median_speed(samples: &[&Sample]) -> Option<f64> {
    let mut speeds: Vec<f64> = samples.iter().filter_map(|s| s.tokens_per_second).collect();
    ranked(&mut speeds, 50)
}

fn percentiles(values: impl Iterator<Item = f64>) -> Percentiles {
    let mut values: Vec<f64> = values.collect();
    Percentiles {
        p50: ranked(&mut values, 50),
        p95: ranked(&mut values, 95),
        max: ranked(&mut values, 100),
    }
}

/// The smallest value that so many percent of all do not exceed.
fn ranked(values: &mut [f64], percent: usize) -> Option<f64> {
    let place = (values.len() * percent).div_ceil(100).checked_sub(1)?;
    Some(*values.select_nth_unstable_by(place, f64::total_cmp).1)
}
