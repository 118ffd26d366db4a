//! What was measured, and what stands for it.

use std::collections::BTreeMap;

/// The value below which so many per cent of the parts lie; 0 for none.
pub fn percentile(parts: &[f64], percent: f64) -> f64 {
    let mut sorted = parts.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// The middle value, the mean of the two middle ones of an even number; none for none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// Values by place, measurement and contender, one for each round.
#[derive(Debug, Default)]
pub struct Samples(BTreeMap<(String, String, String), Vec<f64>>);

impl Samples {
    /// Adds the value of a round.
    pub fn add(&mut self, place: &str, measurement: &str, contender: &str, value: f64) {
        let key = (place.to_owned(), measurement.to_owned(), contender.to_owned());
        self.0.entry(key).or_default().push(value);
    }

    /// The rounds of one contender.
    pub fn rounds(&self, place: &str, measurement: &str, contender: &str) -> &[f64] {
        let key = (place.to_owned(), measurement.to_owned(), contender.to_owned());
        self.0.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The median of one contender.
    pub fn median(&self, place: &str, measurement: &str, contender: &str) -> Option<f64> {
        median(self.rounds(place, measurement, contender))
    }

    /// The median over the rounds of something made of both values of a round: what disturbs a
    /// round disturbs both.
    pub fn paired(
        &self,
        place: &str,
        measurement: &str,
        contenders: (&str, &str),
        combine: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let (ours, theirs) = contenders;
        let ours = self.rounds(place, measurement, ours);
        let theirs = self.rounds(place, measurement, theirs);
        let combined: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| combine(*a, *b)).collect();
        median(&combined)
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = (&(String, String, String), &Vec<f64>)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_medians() {
        let parts: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&parts, 50.0), 50.0);
        assert_eq!(percentile(&parts, 99.0), 99.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
