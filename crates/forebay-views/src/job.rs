//! The remaining work of a pipeline for a reference.

use forebay_store::handoffs::JobRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The queued work of one pipeline for one reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// SHA-256 of the content to ingest, in hexadecimal.
    pub payload_hash: String,
    /// Attempts that were started.
    pub num_attempts: u32,
    /// The earliest time at which a worker may claim it.
    pub not_before: Time,
    /// When a worker's claim expires; null: no worker has claimed it.
    pub lease_until: Option<Time>,
    /// The name of the worker that holds the claim; null: none has claimed it, or it gave no name.
    pub worker: Option<String>,
    /// Whether newer content waits for the claim to end.
    pub has_follow_up: bool,
}

impl From<&JobRow> for Job {
    fn from(row: &JobRow) -> Self {
        Self {
            payload_hash: row.payload_hash.to_string(),
            num_attempts: row.attempt.unsigned_abs(),
            not_before: row.not_before.into(),
            lease_until: row.lease_until.map(Time::from),
            worker: row.worker.clone(),
            has_follow_up: row.has_follow_up,
        }
    }
}
