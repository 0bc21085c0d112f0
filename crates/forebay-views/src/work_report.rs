//! What `work` did.

use forebay_engine::{scrape::schedule::ScheduleReport, work::PipelineReport};
use forebay_store::{handoffs::FailureCount, jobs::Backlog};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What `work` did until its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkReport {
    /// The pipelines that were worked for.
    pub pipelines: Vec<PipelineWork>,
    /// Attempts that failed meanwhile, of this worker and others, counted by what failed.
    pub failures: Vec<FailureGroup>,
    /// Disabled pipelines.
    pub disabled: Vec<IdlePipeline>,
    /// Pipelines that the workers of another program work for.
    pub external: Vec<IdlePipeline>,
    /// The scrapes that were due by schedule.
    pub schedules: ScheduledRuns,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What was done for one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineWork {
    /// The name of the pipeline.
    pub pipeline: String,
    /// Hand-offs claimed.
    pub num_claimed: u64,
    /// Hand-offs delivered.
    pub num_succeeded: u64,
    /// Hand-offs that failed for good.
    pub num_failed: u64,
    /// Failed attempts that will be retried.
    pub num_retried: u64,
    /// Hand-offs that wait: due, claimed by another worker, or to be retried later.
    pub num_waiting: u64,
    /// Why the work stopped for this pipeline; null: it did not.
    pub error: Option<Error>,
}

/// Attempts that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureGroup {
    /// The name of the pipeline.
    pub pipeline: String,
    /// What decides what comes next.
    #[schemars(schema_with = "crate::words::failure_class")]
    pub failure_class: String,
    /// What failed, as a stable word of the handler.
    pub failure_code: String,
    /// The number of attempts.
    pub num_attempts: u64,
    /// What failed in one of them, as a sentence.
    pub message: String,
}

/// A pipeline that this worker does nothing for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdlePipeline {
    /// The name of the pipeline.
    pub pipeline: String,
    /// Hand-offs that wait for it.
    pub num_waiting: u64,
}

/// Scrapes that were due by schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduledRuns {
    /// Scopes that were due and were run.
    pub num_runs: u64,
    /// How many of them failed.
    pub num_failed: u64,
    /// How many of them a guard holds.
    pub num_held: u64,
    /// How many of them a breaker refused.
    pub num_refused: u64,
}

fn num_waiting(backlog: &Backlog) -> u64 {
    backlog.num_due + backlog.num_leased + backlog.num_later
}

impl PipelineWork {
    /// The work for a pipeline. `error` is the view of the error that stopped it.
    pub fn new(report: &PipelineReport, error: Option<Error>) -> Self {
        Self {
            pipeline: report.pipeline.clone(),
            num_claimed: report.num_claimed,
            num_succeeded: report.num_succeeded,
            num_failed: report.num_failed,
            num_retried: report.num_retried,
            num_waiting: num_waiting(&report.backlog),
            error,
        }
    }
}

impl IdlePipeline {
    /// A pipeline with its backlog.
    pub fn new(pipeline: &str, backlog: &Backlog) -> Self {
        Self { pipeline: pipeline.to_owned(), num_waiting: num_waiting(backlog) }
    }
}

impl From<FailureCount> for FailureGroup {
    fn from(count: FailureCount) -> Self {
        Self {
            pipeline: count.pipeline,
            failure_class: count.failure_class,
            failure_code: count.reason_code,
            num_attempts: count.num_attempts,
            message: count.message,
        }
    }
}

impl From<ScheduleReport> for ScheduledRuns {
    fn from(report: ScheduleReport) -> Self {
        Self {
            num_runs: report.num_runs,
            num_failed: report.num_failed,
            num_held: report.num_held,
            num_refused: report.num_refused,
        }
    }
}
