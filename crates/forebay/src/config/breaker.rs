//! `[sources.NAME.breaker]`: when to leave a failing source alone.
//!
//! Missing settings use the built-in policy (`forebay_domain::breaker`). A test compares the defaults in the comments
//! with it. The engine checks the numbers.

use forebay_domain::breaker::{BreakerPolicy, FailureWeights};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cli::values::{Duration, Share};

/// When to stop scraping a failing source.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Breaker {
    /// Number of latest scrapes to count, at most 1000. Default: 20.
    #[schemars(range(min = 1, max = 1000))]
    window: Option<u32>,
    /// Maximum age of the scrapes to count. Default: `1h`.
    window_time: Option<Duration>,
    /// Minimum number of scrapes in the window before `failure_rate` applies. Default: 5.
    #[schemars(range(min = 1, max = 1000))]
    min_calls: Option<u32>,
    /// Share (0 to 1) of failed scrapes that opens the breaker. Default: 0.5.
    failure_rate: Option<Share>,
    /// Number of failures in a row that opens the breaker; 0: no such limit. Default: 5.
    max_consecutive: Option<u32>,
    /// How long it stays open the first time; doubles each time it reopens before recovering. Default: `30s`.
    wait: Option<Duration>,
    /// Maximum of `wait`. Default: `1h`.
    max_wait: Option<Duration>,
    /// Maximum share (0 to 1) by which a wait is shortened at random. Default: 0.2.
    jitter: Option<Share>,
    /// Number of parallel probes while half open, at most 100. Default: 1.
    #[schemars(range(min = 1, max = 100))]
    probes: Option<u32>,
    /// How long to wait for a probe before its process counts as dead. Default: `10m`.
    probe_lease: Option<Duration>,
    /// Number of successful probes that closes the breaker. Default: 2.
    #[schemars(range(min = 1))]
    success_threshold: Option<u32>,
    /// Weight of each kind of failure, from 0 (a success) to 1 (a full failure).
    weights: Weights,
}

/// Weight of each kind of failure, from 0 (a success) to 1 (a full failure).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Weights {
    /// A timeout, a broken connection or a 5xx response. Default: 1.
    transient: Option<Share>,
    /// A request to slow down, such as 429. Default: 1.
    throttled: Option<Share>,
    /// An unusable response, such as 404 or a broken document. Default: 1.
    permanent: Option<Share>,
    /// No records where there used to be some. Default: 1.
    zero_records: Option<Share>,
    /// Fields that used to have values are mostly empty. Default: 0.5.
    coverage_drop: Option<Share>,
}

impl Breaker {
    /// The built-in policy, overridden by these settings.
    pub(super) fn policy(&self) -> BreakerPolicy {
        let built_in = BreakerPolicy::default();
        let length = |given: Option<Duration>, default| given.map_or(default, SignedDuration::from);
        let share = |given: Option<Share>, default| given.map_or(default, Share::get);
        let window = self.window.unwrap_or(built_in.window);
        let weights = built_in.weights;
        BreakerPolicy {
            window,
            window_time: length(self.window_time, built_in.window_time),
            // A window that is smaller than the default needs no more calls than it holds.
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
