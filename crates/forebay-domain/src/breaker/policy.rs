//! What a breaker makes of failures, and how long it waits.

use jiff::SignedDuration;

use super::CallOutcome;
use crate::backoff;

/// The longest window that a policy may ask for, in calls: the window is stored with the breaker.
pub const MAX_WINDOW: u32 = 1_000;

/// The most probes that may be out at once.
pub const MAX_PROBES: u32 = 100;

/// The longest wait that another side can ask for. What it says comes from outside.
pub const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// When a source's breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// So many calls are looked at, at most [`MAX_WINDOW`]. Default: 20.
    pub window: u32,
    /// Calls that are older than this are not. Default: 1 hour.
    pub window_time: SignedDuration,
    /// With fewer calls in the window their share says too little. Default: 5.
    pub min_calls: u32,
    /// It opens when at least this share (0 to 1) of them failed. Default: 0.5.
    pub failure_rate: f64,
    /// It opens when so many failed in a row, however long that took; `None`: never for that. Default: 5.
    pub max_consecutive: Option<u32>,
    /// How long it stays open the first time; doubled each time that it opens again before it recovered. Default: 30
    /// seconds.
    pub wait: SignedDuration,
    /// The longest that this becomes. Default: 1 hour.
    pub max_wait: SignedDuration,
    /// Up to this share (0 to 1) of a wait is left out by chance. Default: 0.2.
    pub jitter: f64,
    /// How many calls may probe at once while it is half open, at most [`MAX_PROBES`]. Default: 1.
    pub probes: u32,
    /// How long a probe is waited for before its process is taken for dead. Default: 10 minutes.
    pub probe_lease: SignedDuration,
    /// It closes after so many probes succeeded. Default: 2.
    pub success_threshold: u32,
    /// What a failure of each kind weighs: 0 counts as a success, 1 as a whole failure.
    pub weights: FailureWeights,
}

/// What each kind of failure weighs, 0 to 1. A wrong configuration is never held against a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureWeights {
    /// A timeout, a broken connection, a 5xx. Default: 1.
    pub transient: f64,
    /// The source asked to come back later, and retries within the run did not help. Default: 1.
    pub throttled: f64,
    /// It answers, but not with what can be used: 404, a broken document. Default: 1.
    pub permanent: f64,
    /// No record where there used to be some. Default: 1.
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
    /// What an outcome weighs; `None`: it says nothing of the source.
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

    /// How long it stays open when it opens for the `num_opened`th time.
    ///
    /// What the other side asked for is waited for in full, up to [`MAX_RETRY_AFTER`].
    pub fn wait(&self, num_opened: u32, retry_after: Option<SignedDuration>, jitter: f64) -> SignedDuration {
        let [base, max] =
            [self.wait, self.max_wait].map(|wait| wait.max(SignedDuration::ZERO).unsigned_abs());
        let ceiling = SignedDuration::try_from(backoff::ceiling(base, max, num_opened));
        let wait = ceiling.unwrap_or(self.max_wait).mul_f64(1.0 - share(self.jitter) * share(jitter));
        let asked_for = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        wait.max(asked_for)
    }

    /// Probes that may be out at once; at least one, else it would never close.
    pub(super) fn num_probes(&self) -> usize {
        self.probes.clamp(1, MAX_PROBES) as usize
    }

    pub(super) fn window_len(&self) -> usize {
        self.window.clamp(1, MAX_WINDOW) as usize
    }
}

/// A number from 0 to 1; what is none counts as 0.
fn share(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}
