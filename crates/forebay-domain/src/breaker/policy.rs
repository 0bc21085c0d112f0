//! How a breaker weighs failures, and how long it waits.

use jiff::SignedDuration;

use super::CallOutcome;
use crate::backoff;

/// Upper limit of the window, in calls: the window is stored with the breaker.
pub const MAX_WINDOW: u32 = 1_000;

/// Upper limit of concurrent probes.
pub const MAX_PROBES: u32 = 100;

/// Upper limit of a server's retry delay, because it comes from outside.
pub const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// When a source's breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// Number of calls in the window, at most [`MAX_WINDOW`]. Default: 20.
    pub window: u32,
    /// Maximum age of calls in the window. Default: 1 hour.
    pub window_time: SignedDuration,
    /// Minimum number of calls in the window to judge their failure rate. Default: 5.
    pub min_calls: u32,
    /// The breaker opens when at least this share (0 to 1) of the calls failed. Default: 0.5.
    pub failure_rate: f64,
    /// The breaker opens after this many failures in a row, however far apart; `None`: never. Default: 5.
    pub max_consecutive: Option<u32>,
    /// How long it stays open the first time; doubled each time it opens again before it recovers. Default: 30
    /// seconds.
    pub wait: SignedDuration,
    /// Upper limit of that wait. Default: 1 hour.
    pub max_wait: SignedDuration,
    /// A random part of each wait, up to this share (0 to 1), is left out. Default: 0.2.
    pub jitter: f64,
    /// Maximum number of concurrent probes while half open, at most [`MAX_PROBES`]. Default: 1.
    pub probes: u32,
    /// How long a probe may take before its process is assumed dead. Default: 10 minutes.
    pub probe_lease: SignedDuration,
    /// Number of successful probes that close it. Default: 2.
    pub success_threshold: u32,
    /// Weights of the kinds of failure: 0 counts as a success, 1 as a full failure.
    pub weights: FailureWeights,
}

/// Weights of the kinds of failure, 0 to 1. A wrong configuration never counts against a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureWeights {
    /// A timeout, a broken connection, a 5xx. Default: 1.
    pub transient: f64,
    /// The source asked for a later retry, and retries within the run did not help. Default: 1.
    pub throttled: f64,
    /// The response is unusable: 404, a broken document. Default: 1.
    pub permanent: f64,
    /// No records although there used to be some. Default: 1.
    pub zero_records: f64,
    /// Fields that used to have values are mostly empty. Default: 0.5.
    pub coverage_drop: f64,
}

impl Default for FailureWeights {
    fn default() -> Self {
        Self { transient: 1.0, throttled: 1.0, permanent: 1.0, zero_records: 1.0, coverage_drop: 0.5 }
    }
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            window: 20,
            window_time: SignedDuration::from_hours(1),
            min_calls: 5,
            failure_rate: 0.5,
            max_consecutive: Some(5),
            wait: SignedDuration::from_secs(30),
            max_wait: SignedDuration::from_hours(1),
            jitter: 0.2,
            probes: 1,
            probe_lease: SignedDuration::from_mins(10),
            success_threshold: 2,
            weights: FailureWeights::default(),
        }
    }
}

impl BreakerPolicy {
    /// The weight of an outcome; `None` if it doesn't count for or against the source.
    pub fn weight(&self, outcome: CallOutcome) -> Option<f64> {
        let weight = match outcome {
            CallOutcome::Success => 0.0,
            CallOutcome::Transient => self.weights.transient,
            CallOutcome::Throttled => self.weights.throttled,
            CallOutcome::Permanent => self.weights.permanent,
            CallOutcome::ZeroRecords => self.weights.zero_records,
            CallOutcome::CoverageDrop => self.weights.coverage_drop,
            CallOutcome::Configuration => return None,
        };
        Some(share(weight))
    }

    /// How long the breaker stays open when it opens for the `num_opened`th time.
    ///
    /// A delay that the server asked for is honoured in full, up to [`MAX_RETRY_AFTER`].
    pub fn wait(&self, num_opened: u32, retry_after: Option<SignedDuration>, jitter: f64) -> SignedDuration {
        let [base, max] =
            [self.wait, self.max_wait].map(|wait| wait.max(SignedDuration::ZERO).unsigned_abs());
        let ceiling = SignedDuration::try_from(backoff::ceiling(base, max, num_opened));
        let wait = ceiling.unwrap_or(self.max_wait).mul_f64(1.0 - share(self.jitter) * share(jitter));
        let asked_for = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        wait.max(asked_for)
    }

    /// Maximum number of concurrent probes; at least one, or the breaker would never close.
    pub(super) fn num_probes(&self) -> usize {
        self.probes.clamp(1, MAX_PROBES) as usize
    }

    pub(super) fn window_len(&self) -> usize {
        self.window.clamp(1, MAX_WINDOW) as usize
    }
}

/// Clamps a number to 0 to 1; NaN becomes 0.
fn share(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}
