//! A count of hand-offs with the same state.

use forebay_store::{handoffs, pauses::Pause};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// Hand-offs of one pipeline with the same state and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandoffCount {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The state.
    #[schemars(schema_with = "crate::words::handoff_state")]
    pub state: String,
    /// The reason for the state, as a stable word.
    pub reason_code: String,
    /// The stable word of their last failed attempts; null: none failed.
    pub failure_code: Option<String>,
    /// Number of hand-offs.
    pub num_handoffs: u64,
    /// When the oldest of them was queued.
    pub oldest_enqueued_at: Time,
    /// The age of the oldest, in seconds.
    pub oldest_age_seconds: u64,
    /// When the pause of the whole pipeline ends; the year 9999: when it is lifted; null: it isn't paused.
    pub paused_until: Option<Time>,
}

impl HandoffCount {
    /// A count at `now`.
    pub fn new(count: handoffs::HandoffCount, pauses: &[Pause], now: Timestamp) -> Self {
        let pause = pauses.iter().find(|pause| pause.pipeline == count.pipeline && pause.key.is_none());
        let age = now.duration_since(count.oldest_enqueued_at).as_secs();
        Self {
            pipeline: count.pipeline,
            state: count.state,
            reason_code: count.reason_code,
            failure_code: count.failure_code,
            num_handoffs: count.num_handoffs,
            oldest_enqueued_at: count.oldest_enqueued_at.into(),
            // The database's clock may be ahead of ours.
            oldest_age_seconds: u64::try_from(age).unwrap_or_default(),
            paused_until: pause.map(|pause| pause.until.into()),
        }
    }
}
