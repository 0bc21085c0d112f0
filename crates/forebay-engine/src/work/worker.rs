//! A worker: one batch after another for one pipeline, until nothing is due.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use forebay_store::{
    connect::Database,
    jobs::{self, Queue},
    pipelines::{Limits, Pipeline, PipelineSpec},
};
use tokio::sync::watch;
use tracing::Instrument;

use super::{
    batch::Batch,
    handlers::Handler,
    leased,
    options::WorkOptions,
    report::{PipelineReport, Progress, WorkReport},
    transactional,
};
use crate::error::Result;

/// The stage of a supervisor. Workers check it between batches, and during one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Work normally.
    Working,
    /// Finish the batch in progress.
    Stopping,
    /// Release the batch in progress.
    CutOff,
}

/// State that all workers of a supervisor share.
pub(super) struct Shared<'a> {
    pub(super) database: &'a Database,
    pub(super) options: &'a WorkOptions,
    pub(super) progress: &'a (dyn Fn(Progress<'_>) + Sync),
    pub(super) stage: watch::Receiver<Stage>,
    /// The names of the pipelines to work for, as of the last look.
    pub(super) serving: watch::Sender<Vec<String>>,
    /// Whether the work ends when nothing is left; what is locked at that moment would stay behind.
    pub(super) is_draining: bool,
    pub(super) report: Mutex<WorkReport>,
    /// Handlers that are ready, with the declarations that they were opened from.
    pub(super) handlers: Mutex<HashMap<i32, (PipelineSpec, Handler)>>,
}

/// How long a worker waits when limits or locks prevent it from claiming.
const LIMITED: Duration = Duration::from_millis(100);

/// Works for a pipeline until no job that it may claim is due.
pub(super) async fn serve(shared: &Shared<'_>, pipeline: &Pipeline) -> Result<()> {
    let handler = shared.handler(pipeline).await?;
    let mut queue = Queue::new(pipeline.pipeline_id);
    let mut idle_since = None;
    while *shared.stage.borrow() == Stage::Working {
        // `trace::claimed` records the number of hand-offs.
        let span =
            tracing::info_span!("claim", pipeline = pipeline.spec.name, num_handoffs = tracing::field::Empty);
        let batch = run_batch(shared, pipeline, &handler, &mut queue).instrument(span).await?;
        let Some(batch) = batch else { return Ok(()) };
        if batch.num_claimed > 0 {
            idle_since = None;
            for failed in &batch.failures {
                (shared.progress)(Progress::Failed { pipeline: &pipeline.spec.name, attempts: failed });
            }
            shared.update(pipeline, |report| {
                report.add(&batch);
                // The pipeline works again.
                report.error = None;
            });
        } else if !is_worth_waiting(shared, pipeline, *idle_since.get_or_insert_with(Instant::now)).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Runs one batch. `None`: the workers of another program work for this pipeline.
async fn run_batch(
    shared: &Shared<'_>,
    pipeline: &Pipeline,
    handler: &Handler,
    queue: &mut Queue,
) -> Result<Option<Batch>> {
    let limit = shared.options.batch;
    let batch = match handler {
        Handler::Transactional(handler) => {
            let mut client = shared.database.client().await?;
            transactional::run(&mut client, queue, pipeline.pipeline_id, handler, limit).await?
        }
        Handler::Leased(handler) => {
            let cut_off = cut_off(shared.stage.clone());
            let worker = &shared.options.worker;
            leased::run(shared.database, pipeline, handler, limit, worker, cut_off).await?
        }
        Handler::External => return Ok(None),
    };
    if batch.num_claimed > 0 {
        batch.trace();
    }
    Ok(Some(batch))
}

/// Ends when the supervisor wants batches in progress to be released.
async fn cut_off(mut stage: watch::Receiver<Stage>) {
    if stage.wait_for(|stage| *stage == Stage::CutOff).await.is_err() {
        // A drain has no such stage.
        std::future::pending::<()>().await;
    }
}

/// Whether a worker that got nothing should look again. Limits may have prevented it. In a drain, another transaction
/// may still hold what is due: the server ends that of a killed worker only after its current statement. Waits briefly
/// if so.
async fn is_worth_waiting(shared: &Shared<'_>, pipeline: &Pipeline, idle_since: Instant) -> Result<bool> {
    let is_limited = pipeline.spec.limits != Limits::default();
    let may_be_locked = shared.is_draining && idle_since.elapsed() < shared.options.grace;
    if !is_limited && !may_be_locked {
        return Ok(false);
    }
    let is_due = {
        let client = shared.database.client().await?;
        jobs::due(&**client).await?.contains(&pipeline.pipeline_id)
            && !jobs::is_paused(&**client, pipeline.pipeline_id).await?
    };
    if is_due {
        tokio::time::sleep(LIMITED).await;
    }
    Ok(is_due)
}

impl Shared<'_> {
    /// The handler of a pipeline, opened again after its declaration has changed.
    async fn handler(&self, pipeline: &Pipeline) -> Result<Handler> {
        let known = self.handlers().get(&pipeline.pipeline_id).cloned();
        if let Some((spec, handler)) = known
            && spec == pipeline.spec
        {
            return Ok(handler);
        }
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let handler = Handler::open(&transaction, pipeline).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        self.handlers().insert(pipeline.pipeline_id, (pipeline.spec.clone(), handler.clone()));
        Ok(handler)
    }

    pub(super) fn handlers(&self) -> MutexGuard<'_, HashMap<i32, (PipelineSpec, Handler)>> {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the report of a pipeline, and reports the progress.
    pub(super) fn update(&self, pipeline: &Pipeline, change: impl FnOnce(&mut PipelineReport)) {
        // A count is never half written, so a panic elsewhere leaves nothing to repair.
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let of_pipeline = report.of(pipeline);
        change(of_pipeline);
        (self.progress)(Progress::Batch(of_pipeline));
    }
}
