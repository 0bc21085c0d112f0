//! Working for one pipeline, batch after batch, for as long as there is something to do.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forebay_store::{
    connect::Database,
    jobs::{self, Queue},
    pipelines::{Limits, Pipeline, PipelineSpec},
};
use tokio::sync::watch;

use super::{Progress, WorkOptions, WorkReport, handlers::Handler, leased, transactional};
use crate::error::Result;

/// How a service stands; workers look at it between batches, and while one is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Go on.
    Working,
    /// Finish the batch under way.
    Stopping,
    /// Give back what is under way.
    CutOff,
}

/// What all workers of a service share.
pub(super) struct Shared<'a> {
    pub(super) database: &'a Database,
    pub(super) options: &'a WorkOptions,
    pub(super) progress: &'a (dyn Fn(Progress<'_>) + Sync),
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) report: Mutex<WorkReport>,
    /// Handlers that are ready, with what they were made from.
    pub(super) handlers: Mutex<HashMap<i32, (PipelineSpec, Handler)>>,
}

/// Under limits, a worker that may claim nothing now asks again after so long.
const LIMITED: Duration = Duration::from_millis(100);

/// Works for a pipeline until nothing is due that it may have.
pub(super) async fn serve(shared: &Shared<'_>, pipeline: &Pipeline) -> Result<()> {
    let handler = shared.handler(pipeline).await?;
    let mut queue = Queue::new(pipeline.pipeline_id);
    let limit = shared.options.batch;
    while *shared.stage.borrow() == Stage::Working {
        let batch = match &handler {
            Handler::Transactional(handler) => {
                let mut client = shared.database.client().await?;
                transactional::run(&mut client, &mut queue, pipeline.pipeline_id, handler, limit).await?
            }
            Handler::Leased(handler) => {
                let mut stage = shared.stage.clone();
                let cut_off = async move {
                    if stage.wait_for(|stage| *stage == Stage::CutOff).await.is_err() {
                        // Nobody is left to say so.
                        std::future::pending::<()>().await;
                    }
                };
                let worker = &shared.options.worker;
                leased::run(shared.database, pipeline, handler, limit, worker, cut_off).await?
            }
            Handler::External => return Ok(()),
        };
        if batch.num_claimed > 0 {
            shared.tell(pipeline, |report| {
                report.add(batch);
                // Whatever it was, it is over.
                report.error = None;
            });
        } else if !is_worth_waiting(shared, pipeline).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether limits that pass by themselves keep a worker from what is due; it has waited for them a little then.
async fn is_worth_waiting(shared: &Shared<'_>, pipeline: &Pipeline) -> Result<bool> {
    let limits = &pipeline.spec.limits;
    if *limits == Limits::default() {
        return Ok(false);
    }
    tokio::time::sleep(LIMITED).await;
    let client = shared.database.client().await?;
    Ok(jobs::due(&**client).await?.contains(&pipeline.pipeline_id)
        && !jobs::is_paused(&**client, pipeline.pipeline_id).await?)
}

impl Shared<'_> {
    /// The handler of a pipeline, made anew when its declaration has changed.
    async fn handler(&self, pipeline: &Pipeline) -> Result<Handler> {
        let known = self.handlers().get(&pipeline.pipeline_id).cloned();
        if let Some((spec, handler)) = known
            && spec == pipeline.spec
        {
            return Ok(handler);
        }
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let handler = Handler::open(&transaction, &pipeline.spec).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        self.handlers().insert(pipeline.pipeline_id, (pipeline.spec.clone(), handler.clone()));
        Ok(handler)
    }

    pub(super) fn handlers(&self) -> MutexGuard<'_, HashMap<i32, (PipelineSpec, Handler)>> {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the report of a pipeline, and tells it.
    pub(super) fn tell(&self, pipeline: &Pipeline, change: impl FnOnce(&mut super::PipelineReport)) {
        // A count is never half written, so one that a panic left behind is still right.
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let of_pipeline = report.of(pipeline);
        change(of_pipeline);
        (self.progress)(Progress::Batch(of_pipeline));
    }
}
