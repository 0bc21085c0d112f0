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
    /// SHA-256 of the content that was tried, in hexadecimal.
    pub payload_hash: String,
    /// Which attempt it was, from 1.
    pub attempt: i32,
    /// What decides what comes next.
    #[schemars(schema_with = "crate::words::failure_class")]
    pub failure_class: String,
    /// What failed, as a stable word of the handler.
    pub failure_code: String,
    /// What failed, as a sentence.
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
