//! Ingestion workers: what was handed off is carried out by the handler of each pipeline.
//!
//! Every handler that there is writes to the database that the hand-offs are in. So a batch is one transaction: jobs
//! are taken by row lock, the effect is written, the hand-offs are closed, and only the commit shows any of it. A
//! worker may die at any point and nothing is half done, nothing is done twice, and what it held is free at once. Any
//! number of workers may run side by side; they pass over what another one has.
//!
//! A hand-off says which reference changed, not how: the handler reads what is stored now. Newer content than was
//! handed off is ingested early then, and once more by its own hand-off, which changes nothing.

mod batch;
mod declare;
mod handlers;
mod settings;

use std::{future::Future, pin::pin, time::Duration};

use forebay_store::{
    connect::Database,
    documents,
    jobs::{self, Backlog},
    pipelines::{self, Pipeline},
};

pub use declare::{Declared, declare};
pub use forebay_store::{documents::Hit, pipelines::PipelineSpec};
use handlers::Handler;

use crate::error::{Error, Result};

/// How long a worker that found nothing to do waits before it looks again.
const POLL: Duration = Duration::from_secs(1);

/// What to work on.
#[derive(Clone, Debug)]
pub struct WorkOptions {
    /// The pipelines to work for. Default: none named, which is all that are enabled.
    pub pipelines: Vec<String>,
    /// Most hand-offs that one transaction carries out. Default: 500.
    pub batch: u32,
}

impl Default for WorkOptions {
    fn default() -> Self {
        Self { pipelines: Vec::new(), batch: 500 }
    }
}

/// What was done, for each pipeline.
#[derive(Debug, Default)]
pub struct WorkReport {
    /// The pipelines, in the order in which they were declared.
    pub pipelines: Vec<PipelineReport>,
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
    /// What waits now.
    pub backlog: Backlog,
    /// What stopped the work for this pipeline; what it was working on waits untouched.
    pub error: Option<Error>,
}

/// A pipeline whose handler is ready.
struct Worker {
    pipeline: Pipeline,
    handler: Handler,
    /// The place of its report.
    report: usize,
}

/// Works until nothing is left that can be done now. `progress` hears of each pipeline after each batch.
pub async fn drain(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(&PipelineReport) + Sync),
) -> Result<WorkReport> {
    let mut report = WorkReport::default();
    round(database, options, progress, &mut report, &mut || false).await?;
    report.finish(database).await?;
    Ok(report)
}

/// Works until `stop` is done, looking for new work every second; the batch under way is finished first. An error of
/// one pipeline does not stop the others, and it is tried again.
pub async fn follow(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(&PipelineReport) + Sync),
    stop: impl Future<Output = ()>,
) -> Result<WorkReport> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let work = async move {
        let mut report = WorkReport::default();
        while !*stopped.borrow() {
            round(database, options, progress, &mut report, &mut || *stopped.borrow()).await?;
            // Either end of the wait leads back to the condition.
            let _either_way = tokio::time::timeout(POLL, stopped.changed()).await;
        }
        report.finish(database).await?;
        Ok(report)
    };
    let mut work = pin!(work);
    tokio::select! {
        report = &mut work => report,
        () = stop => {
            let _nobody_to_tell = stopping.send(true);
            work.await
        }
    }
}

/// Finds documents, of one source or of all, best first; see [`documents::search`].
pub async fn search(database: &Database, query: &str, source: Option<&str>, limit: u32) -> Result<Vec<Hit>> {
    let client = database.client().await?;
    Ok(documents::search(&**client, query, source, limit).await?)
}

/// Carries out what is due, one batch a pipeline in turn, until nothing is due or `is_stopped`.
async fn round(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(&PipelineReport) + Sync),
    report: &mut WorkReport,
    is_stopped: &mut (dyn FnMut() -> bool + Send),
) -> Result<()> {
    let mut client = database.client().await?;
    let mut workers = Vec::new();
    for pipeline in chosen(&client, options).await? {
        let place = report.place_of(&pipeline);
        match batch::prepare(&mut client, &pipeline).await {
            Ok(Some(handler)) => workers.push(Worker { pipeline, handler, report: place }),
            Ok(None) => {}
            Err(error) => report.pipelines[place].stop(error, progress)?,
        }
    }
    while !workers.is_empty() && !is_stopped() {
        let mut at_work = Vec::with_capacity(workers.len());
        for worker in workers {
            let so_far = &mut report.pipelines[worker.report];
            match batch::run(&mut client, &worker.pipeline, &worker.handler, options.batch).await {
                Ok(batch) => {
                    so_far.num_claimed += batch.num_taken;
                    so_far.num_succeeded += batch.num_succeeded;
                    so_far.num_failed += batch.num_failed;
                    so_far.num_retried += batch.num_retried;
                    progress(so_far);
                    if batch.num_taken > 0 {
                        at_work.push(worker);
                    }
                }
                Err(error) => so_far.stop(error, progress)?,
            }
        }
        workers = at_work;
    }
    Ok(())
}

/// The pipelines to work for.
async fn chosen(client: &tokio_postgres::Client, options: &WorkOptions) -> Result<Vec<Pipeline>> {
    let all = pipelines::list(client).await?;
    let is_known = |name: &&String| all.iter().any(|pipeline| pipeline.spec.name == **name);
    if let Some(unknown) = options.pipelines.iter().find(|name| !is_known(name)) {
        return Err(Error::NoSuchPipeline { pipeline: unknown.clone() });
    }
    let is_chosen = |pipeline: &Pipeline| {
        pipeline.spec.enabled
            && (options.pipelines.is_empty() || options.pipelines.contains(&pipeline.spec.name))
    };
    Ok(all.into_iter().filter(is_chosen).collect())
}

impl WorkReport {
    /// Whether every pipeline could be worked for and nothing was given up.
    pub fn is_clean(&self) -> bool {
        self.pipelines.iter().all(|pipeline| pipeline.error.is_none() && pipeline.num_failed == 0)
    }

    fn place_of(&mut self, pipeline: &Pipeline) -> usize {
        let name = &pipeline.spec.name;
        if let Some(place) = self.pipelines.iter().position(|report| report.pipeline == *name) {
            // What stopped it before is being tried again.
            self.pipelines[place].error = None;
            return place;
        }
        self.pipelines.push(PipelineReport {
            pipeline: name.clone(),
            num_claimed: 0,
            num_succeeded: 0,
            num_failed: 0,
            num_retried: 0,
            backlog: Backlog::default(),
            error: None,
        });
        self.pipelines.len() - 1
    }

    /// Looks at what waits when the work is over.
    async fn finish(&mut self, database: &Database) -> Result<()> {
        let client = database.client().await?;
        for report in &mut self.pipelines {
            if let Some(pipeline) = pipelines::find(&**client, &report.pipeline).await? {
                report.backlog = jobs::backlog(&**client, pipeline.pipeline_id).await?;
            }
        }
        Ok(())
    }
}

impl PipelineReport {
    /// Notes what stopped the work; without a database there is nothing to go on with for anybody.
    fn stop(&mut self, error: Error, progress: &(dyn Fn(&PipelineReport) + Sync)) -> Result<()> {
        if error.is_unreachable() {
            return Err(error);
        }
        self.error = Some(error);
        progress(self);
        Ok(())
    }
}
