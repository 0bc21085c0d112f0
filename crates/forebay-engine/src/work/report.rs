//! The results of workers, for the program that started them.

use std::time::Duration;

use forebay_store::{
    connect::Database,
    jobs::{self, Backlog},
    pipelines::{self, Pipeline},
};

use super::batch::{Batch, FailedAttempts};
use crate::{
    error::{DeclarationError, Error, Result},
    retrieval::EmbedTrouble,
};

/// The results of all pipelines and of maintenance.
#[derive(Debug, Default)]
pub struct WorkReport {
    /// The pipelines, in the order in which work for them began.
    pub pipelines: Vec<PipelineReport>,
    /// The pipelines that this worker left alone, because its program does not declare them.
    pub left_alone: Vec<LeftAlone>,
    /// The results of maintenance.
    pub maintenance: Maintenance,
}

/// A pipeline that this worker does not run.
#[derive(Debug)]
pub struct LeftAlone {
    /// The pipeline's name.
    pub pipeline: String,
    /// Why: [`DeclarationError::PipelineUndeclared`] or [`DeclarationError::PipelineOtherwise`].
    pub error: DeclarationError,
    /// The hand-offs that wait now.
    pub backlog: Backlog,
}

/// The results of one pipeline.
#[derive(Debug)]
pub struct PipelineReport {
    /// The pipeline's name.
    pub pipeline: String,
    /// Hand-offs claimed.
    pub num_claimed: u64,
    /// Hand-offs delivered.
    pub num_succeeded: u64,
    /// Hand-offs that failed for good.
    pub num_failed: u64,
    /// Hand-offs that will be retried.
    pub num_retried: u64,
    /// Embeddings created for indexed text.
    pub num_embedded: u64,
    /// Chunks that still had no embedding after the last attempt.
    pub num_unembedded: u64,
    /// Why embeddings could not be created, if so; they will be retried.
    pub embed_trouble: Option<EmbedTrouble>,
    /// The hand-offs that wait now.
    pub backlog: Backlog,
    /// The error that stopped the work for this pipeline; its hand-offs still wait.
    pub error: Option<Error>,
}

/// The results of maintenance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Hand-offs freed because their worker did not report before its lease expired.
    pub num_rescued: u64,
    /// References handed off again because a pipeline was missing them.
    pub num_repaired: u64,
    /// Rows of history deleted past their retention.
    pub num_pruned: u64,
}

/// Progress of the work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A batch of this pipeline has ended, or an error has stopped the pipeline.
    Batch(&'a PipelineReport),
    /// Attempts of a batch failed. Reported before its [`Progress::Batch`], once for each kind of failure.
    Failed {
        /// The pipeline.
        pipeline: &'a str,
        /// The attempts.
        attempts: &'a FailedAttempts,
    },
    /// The endpoint of a pipeline's embeddings fails. Reported once until it works or fails in another way.
    EmbeddingFailed {
        /// The pipeline.
        pipeline: &'a str,
        /// Chunks without an embedding.
        num_waiting: u64,
        /// Why.
        trouble: &'a EmbedTrouble,
    },
    /// Maintenance did something.
    Maintained(Maintenance),
    /// The database cannot be reached; the connection is retried after a wait. Reported for each attempt.
    Unreachable {
        /// Why.
        error: &'a Error,
        /// How long until the next attempt.
        wait: Duration,
    },
    /// The database can be reached again.
    Reachable,
}

impl Maintenance {
    pub(super) fn add(&mut self, done: Self) {
        self.num_rescued += done.num_rescued;
        self.num_repaired += done.num_repaired;
        self.num_pruned += done.num_pruned;
    }
}

impl WorkReport {
    /// Whether every pipeline worked and no hand-off failed for good.
    pub fn is_clean(&self) -> bool {
        self.pipelines.iter().all(|pipeline| pipeline.error.is_none() && pipeline.num_failed == 0)
    }

    /// The report of a pipeline.
    pub(super) fn of(&mut self, pipeline: &Pipeline) -> &mut PipelineReport {
        let name = &pipeline.spec.name;
        let place = self.pipelines.iter().position(|report| report.pipeline == *name).unwrap_or_else(|| {
            self.pipelines.push(PipelineReport {
                pipeline: name.clone(),
                num_claimed: 0,
                num_succeeded: 0,
                num_failed: 0,
                num_retried: 0,
                num_embedded: 0,
                num_unembedded: 0,
                embed_trouble: None,
                backlog: Backlog::default(),
                error: None,
            });
            self.pipelines.len() - 1
        });
        &mut self.pipelines[place]
    }

    /// The backlog of each pipeline, by name.
    pub(super) async fn backlogs(database: &Database) -> Result<Vec<(String, Backlog)>> {
        let client = database.client().await?;
        let mut found = Vec::new();
        for pipeline in pipelines::list(&**client).await? {
            let backlog = jobs::backlog(&**client, pipeline.pipeline_id).await?;
            found.push((pipeline.spec.name, backlog));
        }
        Ok(found)
    }

    pub(super) fn set_backlogs(&mut self, found: &[(String, Backlog)]) {
        let of_pipelines = self.pipelines.iter_mut().map(|report| (&report.pipeline, &mut report.backlog));
        let of_others = self.left_alone.iter_mut().map(|report| (&report.pipeline, &mut report.backlog));
        for (pipeline, backlog) in of_pipelines.chain(of_others) {
            if let Some((_, found)) = found.iter().find(|(name, _)| name == pipeline) {
                *backlog = *found;
            }
        }
    }
}

impl PipelineReport {
    pub(super) fn add(&mut self, batch: &Batch) {
        self.num_claimed += batch.num_claimed;
        self.num_succeeded += batch.num_succeeded;
        self.num_failed += batch.num_failed;
        self.num_retried += batch.num_retried;
    }
}
