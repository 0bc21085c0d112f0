//! How long work waits for its handler at a low rate, when idle workers have to be notified.

use std::time::{Duration, SystemTime};

/// Hand-offs to enqueue one by one and to measure.
pub(super) const NUM_MEASURED: u32 = 200;
/// Hand-offs before them that are not measured, to warm up connections, caches and listeners.
pub(super) const NUM_WARMING: u32 = 10;

/// Times from the response to an enqueue's commit to the handler's start, shortest first.
#[derive(Debug)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    /// From the times of commits and starts, in the same order. The wait of a handler that started before the response
    /// was read is zero.
    pub(super) fn between(commits: &[SystemTime], starts: &[SystemTime]) -> Self {
        let pairs = commits.iter().zip(starts).skip(NUM_WARMING as usize);
        let mut waits: Vec<Duration> =
            pairs.map(|(commit, start)| start.duration_since(*commit).unwrap_or_default()).collect();
        waits.sort_unstable();
        Self(waits)
    }

    /// The wait that this share of the waits do not exceed.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is small and not negative"
        )]
        let index = (rank as usize).saturating_sub(1);
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// Pseudo-random pauses of 2 to 10 milliseconds, the same in every run. Regular pauses could match a subject's polling
/// interval.
#[derive(Debug)]
pub(super) struct Pace(u64);

impl Pace {
    pub(super) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// Sleeps until the next enqueue is due.
    pub(super) async fn wait(&mut self) {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        tokio::time::sleep(Duration::from_micros(2_000 + self.0 % 8_000)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranks_and_warming_up_does_not_count() {
        let commits = vec![SystemTime::UNIX_EPOCH; 110];
        let starts: Vec<SystemTime> = (0..110_u64)
            .map(|place| {
                SystemTime::UNIX_EPOCH + Duration::from_secs(if place < 10 { 1000 } else { place - 9 })
            })
            .collect();
        let latencies = Latencies::between(&commits, &starts);
        assert_eq!(latencies.quantile(0.5), Duration::from_secs(50));
        assert_eq!(latencies.quantile(0.99), Duration::from_secs(99));
        assert_eq!(latencies.quantile(1.0), Duration::from_secs(100));
    }

    #[test]
    fn a_start_before_the_response_is_no_wait() {
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let latencies = Latencies::between(&[late; 11], &[SystemTime::UNIX_EPOCH; 11]);
        assert_eq!(latencies.quantile(1.0), Duration::ZERO);
    }
}
