//! What maintenance did.

use forebay_engine::maintenance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What maintenance did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Maintained {
    /// Whether nothing was changed, so these are the changes of a run without `--dry-run`.
    pub is_dry_run: bool,
    /// Created partitions.
    pub created: Vec<String>,
    /// Dropped partitions of logs.
    pub dropped: Vec<String>,
    /// Deleted hand-offs that newer ones had replaced, failed attempts, and limits that are no longer used.
    pub num_handoffs: u64,
    /// Deleted entries of the log of deliveries.
    pub num_deliveries: u64,
    /// Forgotten pages, which are read again at the next scrape.
    pub num_pages: u64,
    /// Deleted state changes of breakers.
    pub num_breaker_changes: u64,
    /// Notifications past their retention, and their receivers that no worker serves.
    pub num_notifications: u64,
    /// Deleted entries of the audit trail, which are kept for at least a year.
    pub num_actions: u64,
    /// Forgotten requests with an idempotency key, which are kept for a day.
    pub num_requests: u64,
    /// Deleted workers that were not seen for a day.
    pub num_workers: u64,
    /// The extension `timescaledb`, which can archive logs; null: the server doesn't have it.
    #[schemars(schema_with = "crate::words::extension_state_or_null")]
    pub timescaledb: Option<String>,
    /// Why no partitions were dropped; the rest was done. Null: it did not fail.
    pub error: Option<Error>,
}

impl Maintained {
    /// The result of a run, with the error in its final form.
    pub fn new(done: maintenance::Maintained, is_dry_run: bool, error: Option<Error>) -> Self {
        Self {
            is_dry_run,
            created: done.months.created,
            dropped: done.months.dropped,
            num_handoffs: done.pruned.num_handoffs,
            num_deliveries: done.pruned.num_deliveries,
            num_pages: done.pruned.num_pages,
            num_breaker_changes: done.pruned.num_breaker_changes,
            num_notifications: done.pruned.num_notifications,
            num_actions: done.pruned.num_actions,
            num_requests: done.pruned.num_requests,
            num_workers: done.pruned.num_workers,
            timescaledb: done.timescaledb.map(|state| state.to_string()),
            error,
        }
    }
}
