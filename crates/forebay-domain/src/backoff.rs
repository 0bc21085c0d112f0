//! How long to wait before a retry.
//!
//! All of Forebay's retries use this: hand-offs, the fetcher, breakers, embeddings. It has no clock and no randomness;
//! callers pass a random number.

use std::time::Duration;

/// The longest wait after this number of failures in a row: `base` after the first, twice as long after each further
/// one, and at most `max`.
pub fn ceiling(base: Duration, max: Duration, num_failures: u32) -> Duration {
    let doublings = num_failures.saturating_sub(1).min(30);
    base.saturating_mul(1 << doublings).min(max)
}

/// The wait after this number of failures in a row, with full jitter: evenly distributed between zero and the
/// [`ceiling`], so callers that failed together don't return together.
///
/// `jitter` is a random number from 0 to 1. A number outside counts as the nearer end, and NaN as 1: the longest wait
/// does the least harm.
pub fn with_full_jitter(base: Duration, max: Duration, num_failures: u32, jitter: f64) -> Duration {
    let jitter = if jitter.is_nan() { 1.0 } else { jitter.clamp(0.0, 1.0) };
    ceiling(base, max, num_failures).mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let seconds =
            |num_failures| ceiling(Duration::from_secs(1), Duration::from_mins(1), num_failures).as_secs();
        assert_eq!([0, 1, 2, 3, 6, 7, 40, u32::MAX].map(seconds), [1, 1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(ceiling(Duration::MAX, Duration::MAX, 9), Duration::MAX);
    }

    #[test]
    fn jitter_stays_between_zero_and_the_ceiling() {
        let wait = |jitter| with_full_jitter(Duration::from_secs(2), Duration::from_mins(1), 2, jitter);
        assert_eq!(wait(0.5), Duration::from_secs(2));
        assert_eq!(wait(-3.0), Duration::ZERO);
        for longest in [1.0, 7.0, f64::INFINITY, f64::NAN] {
            assert_eq!(wait(longest), Duration::from_secs(4), "{longest}");
        }
    }
}
