//! The report of `work`.

use forebay_engine::{
    retrieval::EmbedTrouble,
    scrape::schedule::ScheduleReport,
    work::{LeftAlone, PipelineReport},
};
use forebay_store::{handoffs::FailureCount, jobs::Backlog};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, pipeline_state::PipelineState};

/// The report of `work` at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkReport {
    /// The pipelines that this worker worked for.
    pub pipelines: Vec<PipelineWork>,
    /// Failed attempts since the start, of this worker and others, grouped by failure.
    pub failures: Vec<FailureGroup>,
    /// Pipelines that this worker left to others, because its configuration doesn't declare them like the database.
    pub left_alone: Vec<LeftAlonePipeline>,
    /// Disabled pipelines.
    pub disabled: Vec<PipelineState>,
    /// Pipelines whose work another program's workers do.
    pub external: Vec<IdlePipeline>,
    /// The scheduled scrapes.
    pub schedules: ScheduledRuns,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The work for one pipeline.
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
    /// Embeddings made.
    pub num_embedded: u64,
    /// Passages that still had no embedding when the endpoint last answered or failed.
    pub num_unembedded: u64,
    /// Why embeddings cannot be made; null: they can, or the pipeline has none.
    pub embedding_failure: Option<EmbeddingFailure>,
    /// The error that stopped the work for this pipeline; null: there was none.
    pub error: Option<Error>,
}

/// Why embeddings could not be created: a failed request to the endpoint, or a database without pgvector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmbeddingFailure {
    /// `transient` and `throttled` failures are retried after some seconds, later ones after up to 5 minutes;
    /// `permanent` ones every 5 minutes, because the settings or the key must be changed.
    #[schemars(schema_with = "crate::words::failure_class")]
    pub failure_class: String,
    /// A stable word: `embeddings_throttled`, `embeddings_unavailable`, `embeddings_input_refused`,
    /// `embeddings_unusable` or `embeddings_no_vector`.
    pub failure_code: String,
    /// The failure as a sentence.
    pub message: String,
}

/// Attempts that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureGroup {
    /// The name of the pipeline.
    pub pipeline: String,
    /// Decides what happens next.
    #[schemars(schema_with = "crate::words::failure_class")]
    pub failure_class: String,
    /// The handler's stable word for the failure.
    pub failure_code: String,
    /// The number of attempts.
    pub num_attempts: u64,
    /// The failure of one of them, as a sentence.
    pub message: String,
}

/// A pipeline that this worker does not work for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdlePipeline {
    /// The name of the pipeline.
    pub pipeline: String,
    /// Waiting hand-offs.
    pub num_waiting: u64,
}

/// A pipeline that this worker left to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftAlonePipeline {
    /// The name of the pipeline.
    pub pipeline: String,
    /// Waiting hand-offs.
    pub num_waiting: u64,
    /// Why: `pipeline_undeclared` or `pipeline_declared_otherwise`.
    pub error: Error,
}

/// Scheduled scrapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduledRuns {
    /// Due scopes that were run.
    pub num_runs: u64,
    /// How many of them failed.
    pub num_failed: u64,
    /// How many of them were partial.
    pub num_partial: u64,
    /// How many of them were held by a guard.
    pub num_held: u64,
    /// How many of them were refused by a breaker.
    pub num_refused: u64,
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
            num_waiting: report.backlog.num_waiting(),
            num_embedded: report.num_embedded,
            num_unembedded: report.num_unembedded,
            embedding_failure: report.embed_trouble.as_ref().map(EmbeddingFailure::from),
            error,
        }
    }
}

impl From<&EmbedTrouble> for EmbeddingFailure {
    fn from(trouble: &EmbedTrouble) -> Self {
        Self {
            failure_class: trouble.class.as_str().to_owned(),
            failure_code: trouble.reason_code.to_owned(),
            message: trouble.message.clone(),
        }
    }
}

impl IdlePipeline {
    /// A pipeline with its backlog.
    pub fn new(pipeline: &str, backlog: &Backlog) -> Self {
        Self { pipeline: pipeline.to_owned(), num_waiting: backlog.num_waiting() }
    }
}

impl LeftAlonePipeline {
    /// The pipeline with the view of the error.
    pub fn new(left_alone: &LeftAlone, error: Error) -> Self {
        Self { pipeline: left_alone.pipeline.clone(), num_waiting: left_alone.backlog.num_waiting(), error }
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
            num_partial: report.num_partial,
            num_held: report.num_held,
            num_refused: report.num_refused,
        }
    }
}
