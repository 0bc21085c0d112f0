//! A run with what belongs to it, and what commands that make or decide runs print.

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

/// A run with what it would do and what it rejected.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
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
    /// The run that was asked for, with what belongs to it; null: no single run was asked for.
    pub detail: Option<RunDetail>,
}

/// A run after an operator's decision.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunDecision {
    /// The run.
    pub run: Run,
    /// References that got new keys; null: the decision was not about keys.
    pub num_rekeyed: Option<u64>,
}

/// The runs that `persist` made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PersistReport {
    /// One run for each file, in the order given.
    pub runs: Vec<Run>,
    /// What ended the command before all files were read; null: nothing did.
    pub error: Option<Error>,
}

/// The runs that `scrape` made, and what did not come to a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ScrapeReport {
    /// The runs, in the order in which their sources were asked.
    pub runs: Vec<Run>,
    /// Scopes that could not be scraped.
    pub errors: Vec<ScrapeError>,
    /// Scopes for which other sources were asked.
    pub fallbacks: Vec<Fallback>,
}

/// A scope that could not be scraped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScrapeError {
    /// The name of the source.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// The run that failed; null: it did not come to one.
    pub run_id: Option<i64>,
    /// Why.
    pub error: Error,
}

/// A scope whose source failed, so that others were asked in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fallback {
    /// The name of the source that failed.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// The name of the source that answered in its place; null: none did.
    pub fallback_source: Option<String>,
    /// The sources that were asked, in order.
    pub tried: Vec<TriedSource>,
}

impl Fallback {
    /// What became of asking a source and those that stand in for it.
    pub fn new(source: String, scope: String, chain: &Chain) -> Self {
        let tried = chain.candidates().map(TriedSource::from);
        let fallback_source = chain.answer().map(|candidate| candidate.source.clone());
        Self { source, scope, fallback_source, tried: tried.collect() }
    }
}
