//! `[sources.NAME.breaker]`: when to leave a failing source alone.
//!
//! Settings that are not given are those of the built-in policy (`forebay_domain::breaker`). A test compares the defaults
//! in the comments with it. The engine checks the numbers.

use forebay_domain::breaker::{BreakerPolicy, FailureWeights};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cli::values::{Duration, Share};

/// When a source is left alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Breaker {
    /// So many of the latest scrapes are looked at, at most 1000. Default: 20.
    #[schemars(range(min = 1, max = 1000))]
    window: Option<u32>,
    /// Scrapes that are older than this are not. Default: `1h`.
    window_time: Option<Duration>,
    /// With fewer scrapes in the window their share says too little. Default: 5.
    #[schemars(range(min = 1, max = 1000))]
    min_calls: Option<u32>,
    /// It opens when at least this share (0 to 1) of them failed. Default: 0.5.
    failure_rate: Option<Share>,
    /// It opens when so many failed in a row, however long that took; 0 never opens it for that. Default: 5.
    max_consecutive: Option<u32>,
    /// How long it stays open the first time; doubled each time that it opens again before it recovered. Default: `30s`.
    wait: Option<Duration>,
    /// The longest that this becomes. Default: `1h`.
    max_wait: Option<Duration>,
    /// Up to this share (0 to 1) of a wait is left out by chance. Default: 0.2.
    jitter: Option<Share>,
    /// How many scrapes may probe at once while it is half open, at most 100. Default: 1.
    #[schemars(range(min = 1, max = 100))]
    probes: Option<u32>,
    /// How long a probe is waited for before its process is taken for dead. Default: `10m`.
    probe_lease: Option<Duration>,
    /// It closes after so many probes succeeded. Default: 2.
    #[schemars(range(min = 1))]
    success_threshold: Option<u32>,
    /// What a failure of each kind weighs, from 0 (a success) to 1 (a whole failure).
    weights: Weights,
}

/// What a failure of each kind weighs, from 0 (a success) to 1 (a whole failure).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Weights {
    /// A timeout, a broken connection, a 5xx. Default: 1.
    transient: Option<Share>,
    /// The source asked to come back later. Default: 1.
    throttled: Option<Share>,
    /// It answers, but not with what can be used: 404, a broken document. Default: 1.
    permanent: Option<Share>,
    /// No record where there used to be some. Default: 1.
    zero_records: Option<Share>,
    /// Fields that used to have values are mostly empty. Default: 0.5.
    coverage_drop: Option<Share>,
}

impl Breaker {
    /// The built-in policy with what is given here laid over it.
    pub(super) fn policy(&self) -> BreakerPolicy {
        let built_in = BreakerPolicy::default();
        let length = |given: Option<Duration>, default| given.map_or(default, signed);
        let share = |given: Option<Share>, default| given.map_or(default, Share::get);
        let window = self.window.unwrap_or(built_in.window);
        let weights = built_in.weights;
        BreakerPolicy {
            window,
            window_time: length(self.window_time, built_in.window_time),
            // A window that is shorter than the default number needs no more than it holds.
            min_calls: self.min_calls.unwrap_or_else(|| built_in.min_calls.min(window.max(1))),
            failure_rate: share(self.failure_rate, built_in.failure_rate),
            max_consecutive: self
                .max_consecutive
                .map_or(built_in.max_consecutive, |number| (number > 0).then_some(number)),
            wait: length(self.wait, built_in.wait),
            max_wait: length(self.max_wait, built_in.max_wait),
            jitter: share(self.jitter, built_in.jitter),
            probes: self.probes.unwrap_or(built_in.probes),
            probe_lease: length(self.probe_lease, built_in.probe_lease),
            success_threshold: self.success_threshold.unwrap_or(built_in.success_threshold),
            weights: FailureWeights {
                transient: share(self.weights.transient, weights.transient),
                throttled: share(self.weights.throttled, weights.throttled),
                permanent: share(self.weights.permanent, weights.permanent),
                zero_records: share(self.weights.zero_records, weights.zero_records),
                coverage_drop: share(self.weights.coverage_drop, weights.coverage_drop),
            },
        }
    }
}

/// A configured duration is at most a hundred years, which every duration can hold.
pub(super) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration.get()).unwrap_or(SignedDuration::MAX)
}
