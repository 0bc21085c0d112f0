//! The live output of `work`, one object per line.

use forebay_engine::{
    scrape::schedule::{DueEnd, DueRun},
    work::{self, PipelineReport},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    time::Time,
    work_report::{EmbeddingFailure, WorkReport},
};

/// An event while `work` runs. The last event is the report, or the error that ended the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WorkEvent {
    /// A batch of a pipeline ended, or an error stopped the pipeline.
    Batch {
        /// When.
        at: Time,
        /// The name of the pipeline.
        pipeline: String,
        /// Hand-offs claimed since the start.
        num_claimed: u64,
        /// Hand-offs delivered since the start.
        num_succeeded: u64,
        /// Hand-offs that failed for good since the start.
        num_failed: u64,
        /// Failed attempts since the start that will be retried.
        num_retried: u64,
        /// Embeddings made since the start.
        num_embedded: u64,
        /// Why the pipeline stopped; null: it has not stopped.
        error: Option<Error>,
    },
    /// Attempts of a batch failed in the same way.
    Failed {
        /// When.
        at: Time,
        /// The name of the pipeline.
        pipeline: String,
        /// Decides what happens next.
        #[schemars(schema_with = "crate::words::failure_class")]
        failure_class: String,
        /// The handler's stable word for the failure.
        failure_code: String,
        /// When the first of the hand-offs is due for its retry; null: they failed for good.
        retry_at: Option<Time>,
        /// The number of attempts.
        num_attempts: u64,
        /// The reference of the first attempt.
        reference_id: String,
        /// The failure for that reference, as a sentence.
        message: String,
    },
    /// Embeddings of a pipeline cannot be made. Said once until they can, or until the reason changes.
    EmbeddingFailed {
        /// When.
        at: Time,
        /// The name of the pipeline.
        pipeline: String,
        /// Passages without an embedding.
        num_unembedded: u64,
        /// Why.
        #[serde(flatten)]
        failure: EmbeddingFailure,
    },
    /// A scheduled scrape ended.
    ScheduledRun {
        /// When.
        at: Time,
        /// The name of the source.
        source: String,
        /// The scope, as `name=value` pairs; empty: the whole.
        scope: String,
        /// The time at which it was due.
        due_at: Time,
        /// The run; null: none began.
        run_id: Option<i64>,
        /// The status of the run; null: no run began, or this worker doesn't know how it ended.
        #[schemars(schema_with = "crate::words::run_status_or_null")]
        status: Option<String>,
        /// Why it ended as it did, as a stable word; null: nothing unusual happened. `worker_stopped`: this worker was
        /// stopped first; the scope is due again. `claim_lost`: another worker has taken the scope over.
        /// `source_unknown`: this worker's configuration doesn't have the source, so it is left to other workers.
        reason_code: Option<String>,
        /// The error that prevented or ended the run; null: there was none.
        error: Option<Error>,
    },
    /// Maintenance did something.
    Maintained {
        /// When.
        at: Time,
        /// Hand-offs freed because their worker did not report before its lease expired.
        num_rescued: u64,
        /// References handed off again because a pipeline was missing them.
        num_repaired: u64,
        /// Rows of history deleted after their retention.
        num_pruned: u64,
    },
    /// The database is unreachable; `work` retries until it is back.
    DatabaseUnreachable {
        /// When.
        at: Time,
        /// Why.
        error: Error,
    },
    /// The database is reachable again.
    DatabaseReachable {
        /// When.
        at: Time,
    },
    /// An error ended the command; there is no report.
    Error {
        /// When.
        at: Time,
        /// Why.
        error: Error,
    },
    /// The report at the end.
    Report {
        /// When.
        at: Time,
        /// The report.
        #[serde(flatten)]
        report: WorkReport,
    },
}

impl WorkEvent {
    /// An event of a worker. `error` is the view of an engine error. None: not worth reporting.
    pub fn of_progress(
        progress: &work::Progress<'_>,
        at: Timestamp,
        error: impl Fn(&forebay_engine::Error) -> Error,
    ) -> Option<Self> {
        let at = at.into();
        Some(match progress {
            work::Progress::Batch(report) => Self::of_batch(report, at, error),
            work::Progress::Failed { pipeline, attempts } => Self::Failed {
                at,
                pipeline: (*pipeline).to_owned(),
                failure_class: attempts.class.as_str().to_owned(),
                failure_code: attempts.failure_code.clone(),
                retry_at: attempts.retry_at.map(Time::from),
                num_attempts: attempts.num_attempts,
                reference_id: attempts.reference_id.to_string(),
                message: attempts.message.clone(),
            },
            work::Progress::EmbeddingFailed { pipeline, num_waiting, trouble } => Self::EmbeddingFailed {
                at,
                pipeline: (*pipeline).to_owned(),
                num_unembedded: *num_waiting,
                failure: EmbeddingFailure::from(*trouble),
            },
            work::Progress::Maintained(done) => Self::Maintained {
                at,
                num_rescued: done.num_rescued,
                num_repaired: done.num_repaired,
                num_pruned: done.num_pruned,
            },
            work::Progress::Unreachable { error: cause, .. } => {
                Self::DatabaseUnreachable { at, error: error(cause) }
            }
            work::Progress::Reachable => Self::DatabaseReachable { at },
            _ => return None,
        })
    }

    fn of_batch(report: &PipelineReport, at: Time, error: impl Fn(&forebay_engine::Error) -> Error) -> Self {
        Self::Batch {
            at,
            pipeline: report.pipeline.clone(),
            num_claimed: report.num_claimed,
            num_succeeded: report.num_succeeded,
            num_failed: report.num_failed,
            num_retried: report.num_retried,
            num_embedded: report.num_embedded,
            error: report.error.as_ref().map(error),
        }
    }

    /// The end of a scheduled scrape.
    pub fn of_due_run(run: &DueRun, at: Timestamp, error: impl Fn(&forebay_engine::Error) -> Error) -> Self {
        let cause = match &run.ended {
            DueEnd::Failed(cause) => Some(error(cause)),
            DueEnd::Ended { .. } | DueEnd::CutOff | DueEnd::Lost | DueEnd::Unknown => None,
        };
        Self::ScheduledRun {
            at: at.into(),
            source: run.source.clone(),
            scope: run.scope.clone(),
            due_at: run.due_at.into(),
            run_id: run.run_id,
            status: run.status().map(|status| status.as_str().to_owned()),
            reason_code: run.reason_code().map(str::to_owned),
            error: cause,
        }
    }
}
