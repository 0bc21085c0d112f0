//! What workers have done, for whoever started them.

use std::time::Duration;

use forebay_store::{
    connect::Database,
    jobs::{self, Backlog},
    pipelines::{self, Pipeline},
};

use crate::{
    error::{Error, Result},
    retrieval::EmbedTrouble,
};

/// What was done, for each pipeline.
#[derive(Debug, Default)]
pub struct WorkReport {
    /// The pipelines, in the order in which work for them began.
    pub pipelines: Vec<PipelineReport>,
    /// What was done for the hand-off itself.
    pub maintenance: Maintenance,
}

/// What was done for one pipeline.
#[derive(Debug)]
pub struct PipelineReport {
    /// The pipeline's name.
    pub pipeline: String,
    /// Hand-offs taken.
    pub num_claimed: u64,
    /// Hand-offs carried out.
    pub num_succeeded: u64,
    /// Hand-offs given up.
    pub num_failed: u64,
    /// Hand-offs to be tried again later.
    pub num_retried: u64,
    /// Embeddings made of what was indexed.
    pub num_embedded: u64,
    /// What stopped the making of embeddings, if anything did; it is tried again.
    pub embed_trouble: Option<EmbedTrouble>,
    /// What waits now.
    pub backlog: Backlog,
    /// What stopped the work for this pipeline; what it was working on waits untouched.
    pub error: Option<Error>,
}

/// What was done for the hand-off itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Jobs freed whose worker did not report before its lease ended.
    pub num_rescued: u64,
    /// References handed off again because a pipeline was missing them.
    pub num_repaired: u64,
    /// Rows of history deleted that were past their retention.
    pub num_pruned: u64,
}

/// What is told while work goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A batch of this pipeline has ended, or an error has stopped it.
    Batch(&'a PipelineReport),
    /// The database cannot be reached; it is tried again after a while.
    Away {
        /// What was said.
        error: &'a Error,
        /// How long it is left alone.
        wait: Duration,
    },
    /// The database is there again.
    Back,
}

/// What became of one batch.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "counts are called num_… everywhere")]
pub(super) struct Batch {
    pub(super) num_claimed: u64,
    pub(super) num_succeeded: u64,
    pub(super) num_failed: u64,
    pub(super) num_retried: u64,
}

impl WorkReport {
    /// Whether every pipeline could be worked for and nothing was given up.
    pub fn is_clean(&self) -> bool {
        self.pipelines.iter().all(|pipeline| pipeline.error.is_none() && pipeline.num_failed == 0)
    }

    /// The report of a pipeline, which what stopped it before no longer does.
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
                embed_trouble: None,
                backlog: Backlog::default(),
                error: None,
            });
            self.pipelines.len() - 1
        });
        &mut self.pipelines[place]
    }

    /// What waits in each pipeline, by name.
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
        for report in &mut self.pipelines {
            if let Some((_, backlog)) = found.iter().find(|(name, _)| *name == report.pipeline) {
                report.backlog = *backlog;
            }
        }
    }
}

impl PipelineReport {
    pub(super) fn add(&mut self, batch: Batch) {
        self.num_claimed += batch.num_claimed;
        self.num_succeeded += batch.num_succeeded;
        self.num_failed += batch.num_failed;
        self.num_retried += batch.num_retried;
    }
}
