//! A run with its details, and the output of commands that make or decide runs.

use forebay_engine::scrape::Chain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ensured::TriedSource,
    error::Error,
    held_change::{HeldChange, HeldTotals},
    log_line::LogLine,
    page::Page,
    rejected_record::RejectedRecord,
    run::{Run, RunSummary},
};

/// A run with the changes that it holds and the records that it rejected.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Whether it is `running` although its process has died: a worker or the next run of its scope closes it.
    pub process_died: bool,
    /// What applying it would do now; null: it is not held.
    pub held: Option<HeldTotals>,
    /// The first changes that applying it would make, removals first; empty: it is not held.
    pub held_changes: Vec<HeldChange>,
    /// The first records that it rejected.
    pub rejected: Vec<RejectedRecord>,
    /// Its first warnings and errors, oldest first.
    pub log: Vec<LogLine>,
}

/// One run, or the latest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunsAnswer {
    /// The runs, newest first.
    pub runs: Page<RunSummary>,
    /// The requested run, with its details; null: no single run was requested.
    pub detail: Option<RunDetail>,
}

/// The runs that `persist` made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PersistReport {
    /// One run for each file, in the order given.
    pub runs: Vec<Run>,
    /// The files that could not be read. The others were read all the same.
    pub failed: Vec<FailedInput>,
    /// The error that ended the command before all files were read; null: there was none.
    pub error: Option<Error>,
}

/// A file that `persist` could not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedInput {
    /// The file; `-` is standard input.
    pub input: String,
    /// Why.
    pub error: Error,
}

/// The runs that `scrape` made, and the scopes without a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ScrapeReport {
    /// The runs, in the order in which their sources were scraped.
    pub runs: Vec<Run>,
    /// Scopes that could not be scraped.
    pub errors: Vec<ScrapeError>,
    /// Scopes for which fallbacks were tried.
    pub fallbacks: Vec<Fallback>,
}

/// A scope that could not be scraped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScrapeError {
    /// The name of the source.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// The run that failed; null: no run began.
    pub run_id: Option<i64>,
    /// The error.
    pub error: Error,
}

/// A scope whose source failed, so that fallbacks were tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fallback {
    /// The name of the source that failed.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// The name of the source that answered instead; null: none did.
    pub fallback_source: Option<String>,
    /// The sources that were tried, in order.
    pub tried: Vec<TriedSource>,
}

impl Fallback {
    /// The result of trying a source and its fallbacks.
    pub fn new(source: String, scope: String, chain: &Chain) -> Self {
        let tried = chain.candidates().map(TriedSource::from);
        let fallback_source = chain.answer().map(|candidate| candidate.source.clone());
        Self { source, scope, fallback_source, tried: tried.collect() }
    }
}
