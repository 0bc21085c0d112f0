//! The breaker of a source.

use forebay_domain::breaker::{self, BreakerPolicy};
use forebay_store::breakers::TrailEntry;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The breaker of a source, which decides whether the source may be scraped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Breaker {
    /// The name of the source.
    pub source: String,
    /// The state. `closed`: calls are allowed. `open`: no call is allowed before `retry_at`. `half_open`: a few calls
    /// are allowed as probes. `forced_open`: an operator blocks all calls. `disabled`: an operator allows all calls.
    #[schemars(schema_with = "crate::words::breaker_state")]
    pub state: String,
    /// The reason for the state, as a stable word.
    pub reason_code: String,
    /// When the state began; null: nothing was ever recorded.
    pub since: Option<Time>,
    /// When it last opened; null: never.
    pub opened_at: Option<Time>,
    /// How often it has opened since it last recovered.
    pub num_opened: u32,
    /// The latest calls.
    pub window: BreakerWindow,
    /// When the first probe is allowed; null unless `open`.
    pub retry_at: Option<Time>,
    /// Seconds until then; null: there is nothing to wait for.
    pub retry_after_seconds: Option<u64>,
    /// Probes in progress.
    pub num_probes: u64,
    /// Its latest changes of state, newest first.
    pub transitions: Vec<BreakerTransition>,
}

/// The latest calls of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakerWindow {
    /// Number of calls in the window.
    pub num_calls: u64,
    /// Number of failed calls in the window.
    pub num_failures: u64,
    /// The weighted share (0 to 1) of failed calls.
    pub failure_rate: f64,
    /// The weighted number of failures since the last success.
    pub failure_streak: f64,
}

/// A change of a breaker's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BreakerTransition {
    /// When it changed.
    pub changed_at: Time,
    /// The state before.
    #[schemars(schema_with = "crate::words::breaker_state")]
    pub from_state: String,
    /// The state after.
    #[schemars(schema_with = "crate::words::breaker_state")]
    pub to_state: String,
    /// Why it changed, as a stable word.
    pub reason_code: String,
    /// The run whose call changed it; null: an operator or the passage of time changed it.
    pub run_id: Option<i64>,
}

impl Breaker {
    /// The breaker of a source at `now`; `breaker` is `None` if nothing was ever recorded.
    pub fn new(
        source: String,
        breaker: Option<breaker::Breaker>,
        policy: &BreakerPolicy,
        trail: Vec<TrailEntry>,
        now: Timestamp,
    ) -> Self {
        let since = breaker.as_ref().map(|breaker| breaker.changed_at.into());
        let breaker = breaker.unwrap_or_else(|| breaker::Breaker::new(now));
        let has_failed =
            |call: &&breaker::Call| policy.weight(call.outcome).is_some_and(|weight| weight > 0.0);
        let wait = breaker.retry_at.map(|at| now.duration_until(at)).filter(|wait| wait.signum() > 0);
        Self {
            source,
            state: breaker.state.as_str().to_owned(),
            reason_code: breaker.reason.as_str().to_owned(),
            since,
            opened_at: breaker.opened_at.map(Time::from),
            num_opened: breaker.num_opened,
            window: BreakerWindow {
                num_calls: breaker.window.len() as u64,
                num_failures: breaker.window.iter().filter(has_failed).count() as u64,
                failure_rate: breaker.failure_rate(policy),
                failure_streak: breaker.failure_streak,
            },
            retry_at: breaker.retry_at.map(Time::from),
            retry_after_seconds: wait.map(|wait| wait.unsigned_abs().as_secs().max(1)),
            num_probes: breaker.probes.len() as u64,
            transitions: trail.into_iter().map(BreakerTransition::from).collect(),
        }
    }
}

impl From<TrailEntry> for BreakerTransition {
    fn from(entry: TrailEntry) -> Self {
        Self {
            changed_at: entry.transition.at.into(),
            from_state: entry.transition.from.as_str().to_owned(),
            to_state: entry.transition.to.as_str().to_owned(),
            reason_code: entry.transition.reason.as_str().to_owned(),
            run_id: entry.run_id,
        }
    }
}
