//! How a run ended.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use forebay_domain::{
    drift::Drift,
    run::{Counts, RunStatus},
    scope::Scope,
};
use forebay_sources::{crawl::Incomplete, fetch::FetchCounts};
use forebay_store::content::RefusedRow;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The run.
    pub run_id: i64,
    /// Its source.
    pub source: String,
    /// Its scope.
    pub scope: Scope,
    /// How it ended.
    pub status: RunStatus,
    /// Why, as a stable word.
    pub reason_code: Option<String>,
    /// Why, as sentences.
    pub messages: Vec<String>,
    /// Warnings, although the run did not fail.
    pub warnings: Vec<String>,
    /// Its counts.
    pub counts: Counts,
    /// Changes that wait for a later run or an operator; a pair of keys is one.
    pub num_withheld: u64,
    /// References that were moved to other keys.
    pub num_rekeyed: u64,
    /// Hand-offs queued.
    pub num_handoffs: u64,
    /// Share (0 to 1) of good records that had a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// Rows of content tables that the database refused, if the source is a course. Their references are stored.
    pub refused_rows: Vec<RefusedRow>,
    /// Paths of lessons whose measures were stored with their files.
    pub measured: Vec<String>,
    /// How long it took.
    pub duration: Duration,
    /// Pages that were read or known to be unchanged; 0 if the input was not read page by page.
    pub num_pages: u64,
    /// Pages that could not be fetched or read.
    pub num_failed_pages: u64,
    /// Why some pages were not seen. `None`: all pages were seen, or the input was not read page by page.
    pub incomplete: Option<Incomplete>,
    /// Links that were not followed because they lead to hosts that the source does not allow, or to something other
    /// than a page.
    pub num_refused_links: u64,
    /// The error that ended its input early, although records were read before.
    pub input_error: Option<Arc<forebay_sources::Error>>,
    /// How the shape of its records differs from that of the last good runs.
    pub drift: Vec<Drift>,
    /// The cost of fetching its input; all zero if nothing was fetched.
    pub fetched: FetchCounts,
    /// Whether its source had no run before.
    pub is_first_run: bool,
    /// Whether its scope had active references when it began.
    pub had_records: bool,
}

impl RunReport {
    /// Whether the run found no records in a scope that had some. A failing source often looks like this.
    pub fn came_back_empty(&self) -> bool {
        self.counts.num_seen == 0 && self.had_records
    }

    /// Whether the run found no records in a scope that had none. The settings of a new source may be wrong.
    pub fn found_nothing_yet(&self) -> bool {
        self.counts.num_seen == 0 && !self.had_records
    }

    /// Whether the run brought its scope up to date: it was applied as a whole and did not come back empty.
    pub fn is_sync(&self) -> bool {
        self.status == RunStatus::Complete && !self.came_back_empty()
    }

    /// Whether the run was applied, as a whole or in part, and did not come back empty. An input that failed before its
    /// first record is no answer.
    pub fn has_answered(&self) -> bool {
        let failed_at_once = self.input_error.is_some() && self.counts.num_seen == 0;
        matches!(self.status, RunStatus::Complete | RunStatus::Partial)
            && !self.came_back_empty()
            && !failed_at_once
    }
}
