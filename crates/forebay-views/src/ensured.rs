//! The answer of `ensure`.

use forebay_engine::{
    ensure::{self, AnsweredFrom, EnsureError, Wanted},
    scrape::Candidate,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, page::Page, reference_excerpt::RecordExcerpt, time::Time};

/// Whether there is usable data, and how fresh it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Ensured {
    /// The requested entity type.
    pub entity_type: String,
    /// The requested scope, as `name=value` pairs; empty: the whole.
    pub scope: String,
    /// Whether there is usable data.
    pub success: bool,
    /// Where the answer comes from. `memory`, `ledger`: the stored data is fresh, also if a forced scrape failed.
    /// `scrape`: it was scraped for this answer. `stale`: the stored data is stale but usable. `none`: there is no
    /// usable data.
    #[schemars(schema_with = "crate::words::answered_from")]
    pub answered_from: String,
    /// Whether it was scraped and the caller had forced it; the data may have been stale anyway.
    pub is_forced: bool,
    /// Whether the data is within its time to live.
    pub is_fresh: bool,
    /// Whether only part of the scope was refreshed.
    pub is_partial: bool,
    /// When the whole scope was last synced; null: never.
    pub last_sync_at: Option<Time>,
    /// Records that are active in the scope now, over all sources of the type; null: it was never synced.
    pub num_records: Option<u64>,
    /// The run that produced the data; null: there is none.
    pub run_id: Option<i64>,
    /// The name of the source that the data comes from; null: there is no data.
    pub source: Option<String>,
    /// Warnings that apply although there is data.
    pub warnings: Vec<String>,
    /// Why the data was not refreshed; null: nothing failed.
    pub error: Option<Error>,
    /// How long to wait before retrying, in seconds; null: unknown.
    pub retry_after_seconds: Option<u64>,
    /// The sources that were tried for this answer, in order.
    pub tried: Vec<TriedSource>,
}

/// A source that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedSource {
    /// The name of the source.
    pub source: String,
    /// Its run; null: no run began.
    pub run_id: Option<i64>,
    /// The status of its run; null: no run began.
    #[schemars(schema_with = "crate::words::run_status_or_null")]
    pub status: Option<String>,
    /// Why it ended as it did, as a stable word, such as the code of an error; null: nothing unusual happened.
    pub reason_code: Option<String>,
}

/// The freshness of the data, and a page of its records.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EnsuredRecords {
    /// The freshness of the data.
    pub ensured: Ensured,
    /// Active references of this scope, by uuid.
    pub records: Page<RecordExcerpt>,
}

impl Ensured {
    /// The answer to a request that was or was not `forced`.
    pub fn new(wanted: &Wanted, ensured: &ensure::Ensured, forced: bool) -> Self {
        Self {
            entity_type: wanted.entity_type.clone(),
            scope: wanted.scope.to_string(),
            success: ensured.success,
            answered_from: ensured.answered_from.as_str().to_owned(),
            is_forced: forced && ensured.answered_from == AnsweredFrom::Scrape,
            is_fresh: ensured.is_fresh,
            is_partial: ensured.is_partial,
            last_sync_at: ensured.last_sync.map(Time::from),
            num_records: ensured.num_records.map(i64::unsigned_abs),
            run_id: ensured.run_id,
            source: ensured.answered_by.clone(),
            warnings: ensured.warnings.clone(),
            error: ensured.error.as_ref().map(Error::from),
            retry_after_seconds: ensured.error.as_ref().and_then(|error| error.retry_after_seconds),
            tried: ensured.tried.iter().map(TriedSource::from).collect(),
        }
    }
}

impl From<&EnsureError> for Error {
    fn from(error: &EnsureError) -> Self {
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            hint: error.hint.clone(),
            place: None,
        }
    }
}

impl From<&ensure::Tried> for TriedSource {
    fn from(tried: &ensure::Tried) -> Self {
        Self {
            source: tried.source.clone(),
            run_id: tried.run_id,
            status: tried.status.map(|status| status.as_str().to_owned()),
            reason_code: tried.reason_code.clone(),
        }
    }
}

impl From<&Candidate> for TriedSource {
    fn from(candidate: &Candidate) -> Self {
        Self {
            source: candidate.source.clone(),
            run_id: candidate.run_id,
            status: candidate.status().map(|status| status.as_str().to_owned()),
            reason_code: candidate.reason_code().map(str::to_owned),
        }
    }
}
