//! The request and the answer of `ensure`.

use forebay_domain::{run::RunStatus, scope::Scope};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::Error;

/// The data that the caller wants to be fresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The entity type.
    pub entity_type: String,
    /// The scope to refresh.
    pub scope: Scope,
}

/// How to refresh the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EnsureOptions {
    /// Scrape even if the stored data is fresh.
    pub force: bool,
    /// Never scrape; only report the stored data and its age.
    pub read_only: bool,
    /// Count its scrapes as on demand, also those that are not forced: an AI tool asks.
    pub is_on_demand: bool,
}

forebay_domain::words! {
    /// Where an answer comes from.
    pub enum AnsweredFrom {
        /// The memory of this process.
        Memory = "memory",
        /// The ledger: the stored data is fresh.
        Ledger = "ledger",
        /// A scrape for this caller.
        Scrape = "scrape",
        /// The stored data, which is stale but may still be served.
        Stale = "stale",
        /// Nowhere: there is nothing to serve.
        None = "none",
    }
}

impl AnsweredFrom {
    /// Where a repeated answer comes from.
    pub(super) const fn again(self) -> Self {
        match self {
            Self::Scrape | Self::Ledger => Self::Memory,
            same => same,
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ensured {
    /// There is data to work with.
    pub success: bool,
    /// Where the answer comes from.
    #[serde(rename = "source")]
    pub answered_from: AnsweredFrom,
    /// When the whole scope was last synced.
    pub last_sync: Option<Timestamp>,
    /// The data is within its time to live.
    pub is_fresh: bool,
    /// Only a part of the scope could be refreshed.
    pub is_partial: bool,
    /// Warnings when there is data: failed sources, stale data, data that is not stored yet.
    pub warnings: Vec<String>,
    /// Why the data could not be refreshed.
    pub error: Option<EnsureError>,
    /// The run that the data comes from.
    pub run_id: Option<i64>,
    /// The number of records that are active in the scope now; `None`: it was never synced as a whole.
    pub num_records: Option<i64>,
    /// The sources that the data came from, joined by commas.
    pub answered_by: Option<String>,
    /// The sources that were scraped for this answer, in order, and how each ended.
    pub tried: Vec<Tried>,
    /// The answer may be reused until then; not part of the output.
    #[serde(skip)]
    pub(super) fresh_until: Option<Timestamp>,
}

/// Why data could not be refreshed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnsureError {
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// How long to wait before asking again, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// Whether the database could not be reached, so it is unknown what is stored.
    #[serde(skip)]
    pub is_unreachable: bool,
}

/// A source that was scraped for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The source.
    pub source: String,
    /// Its run, if one started.
    pub run_id: Option<i64>,
    /// The status of its run. None: no run began.
    pub status: Option<RunStatus>,
    /// Why it ended as it did, as a stable word. None: nothing unusual happened.
    pub reason_code: Option<String>,
}

impl Ensured {
    /// The answer of a task that panicked, or that ended with its runtime.
    pub(super) fn stopped() -> Self {
        Self {
            success: false,
            answered_from: AnsweredFrom::None,
            last_sync: None,
            is_fresh: false,
            is_partial: false,
            warnings: Vec::new(),
            error: Some(EnsureError {
                code: "ensure_stopped".to_owned(),
                message: "the refresh stopped before it finished".to_owned(),
                hint: Some("ask again".to_owned()),
                retry_after_seconds: None,
                is_unreachable: false,
            }),
            run_id: None,
            num_records: None,
            answered_by: None,
            tried: Vec::new(),
            fresh_until: None,
        }
    }
}

impl From<&Error> for EnsureError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            hint: error.hint(),
            retry_after_seconds: error.retry_after().map(|wait| wait.as_secs().max(1)),
            is_unreachable: error.is_unreachable(),
        }
    }
}
