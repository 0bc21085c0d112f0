//! A hand-off.

use forebay_store::handoffs::HandoffRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The commitment that one pipeline ingests one version of one reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handoff {
    /// The name of the pipeline.
    pub pipeline: String,
    /// The reference, as a uuid.
    pub reference_id: String,
    /// The name of the reference's source; null: the reference was deleted for good.
    pub source: Option<String>,
    /// The reference's key in its source; null: the reference was deleted for good.
    pub record_key: Option<String>,
    /// The state.
    #[schemars(schema_with = "crate::words::handoff_state")]
    pub state: String,
    /// The reason for the state, as a stable word.
    pub reason_code: String,
    /// The kind of change of the reference.
    #[schemars(schema_with = "crate::words::change")]
    pub change: String,
    /// The reference's version when it was queued.
    pub version: i32,
    /// How often this content was handed off, from 1.
    pub generation: i32,
    /// Failed attempts.
    pub num_attempts: u32,
    /// The stable word of the last failed attempt's handler; null: none failed.
    pub failure_code: Option<String>,
    /// The message of the last failed attempt; null: none failed.
    pub failure_message: Option<String>,
    /// SHA-256 of the content that is handed off, in hexadecimal.
    pub payload_hash: String,
    /// The run whose change queued it; null: an operator or a repair queued it.
    pub run_id: Option<i64>,
    /// When it was last queued.
    pub enqueued_at: Time,
    /// When it reached a final state; null: it has not reached one.
    pub finished_at: Option<Time>,
}

impl From<HandoffRow> for Handoff {
    fn from(row: HandoffRow) -> Self {
        Self {
            pipeline: row.pipeline,
            reference_id: row.reference_id.to_string(),
            source: row.source,
            record_key: row.record_key,
            state: row.state,
            reason_code: row.reason_code,
            change: row.change,
            version: row.version,
            generation: row.generation,
            num_attempts: row.num_attempts.unsigned_abs(),
            failure_code: row.failure_code,
            failure_message: row.last_error,
            payload_hash: row.payload_hash.to_string(),
            run_id: row.run_id,
            enqueued_at: row.enqueued_at.into(),
            finished_at: row.finished_at.map(Time::from),
        }
    }
}
