//! A failed attempt at a hand-off.

use forebay_store::handoffs::AttemptRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// An attempt at a hand-off that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The name of the pipeline.
    pub pipeline: String,
    /// SHA-256 of the content of the attempt, in hexadecimal.
    pub payload_hash: String,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// Decides what happens next.
    #[schemars(schema_with = "crate::words::failure_class")]
    pub failure_class: String,
    /// The handler's stable word for the failure.
    pub failure_code: String,
    /// The failure, as a sentence.
    pub message: String,
    /// When it failed.
    pub failed_at: Time,
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            pipeline: row.pipeline,
            payload_hash: row.payload_hash.to_string(),
            attempt: row.attempt,
            failure_class: row.failure_class,
            failure_code: row.reason_code,
            message: row.message,
            failed_at: row.failed_at.into(),
        }
    }
}
