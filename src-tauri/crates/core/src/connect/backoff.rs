//! How long to wait before the next attempt.

use std::time::Duration;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait, before jitter.
const LONGEST: Duration = Duration::from_secs(30);

/// The wait before attempt `attempt` (from 1): doubling from 0.25 s to 30 s, each time a random part
/// between a half and the whole of it, so that many clients do not come back in step.
pub(crate) fn wait_before(attempt: u32) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled.min(LONGEST).mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_bound_with_jitter() {
        for _ in 0..100 {
            let (first, fourth, late) = (wait_before(1), wait_before(4), wait_before(1000));
            assert!(first >= FIRST / 2 && first <= FIRST);
            assert!(fourth >= FIRST * 4 && fourth <= FIRST * 8);
            assert!(late >= LONGEST / 2 && late <= LONGEST);
        }
    }
}
