//! State that the supervisor, its workers and the tasks beside them share.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use forebay_store::{
    connect::Database,
    jobs,
    pipelines::{Limits, Pipeline, PipelineSpec},
};
use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    batch::Batch,
    deliveries::DeliveryLog,
    handlers::Handler,
    options::WorkOptions,
    report::{PipelineReport, Progress, WorkReport},
    unanswered::Unanswered,
};
use crate::error::Result;

/// How long a worker waits when limits or locks prevent it from claiming.
const LIMITED: Duration = Duration::from_millis(100);

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

/// What the supervisor has seen last.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// The pipelines with due hand-offs.
    pub(super) due: HashSet<i32>,
    /// The pipelines with attempts that an operator has cancelled.
    pub(super) cancelled: HashSet<i32>,
}

/// State that all workers of a supervisor share.
pub(super) struct Shared<'a> {
    pub(super) database: &'a Database,
    pub(super) options: &'a WorkOptions,
    pub(super) progress: &'a (dyn Fn(Progress<'_>) + Sync),
    pub(super) stage: watch::Receiver<Stage>,
    /// Deliveries that are not logged yet.
    pub(super) deliveries: DeliveryLog,
    /// Claims to give back, because their answer got lost.
    pub(super) unanswered: Unanswered,
    /// The pipelines to work for, by id: how and when they were declared at the last look.
    pub(super) serving: watch::Sender<HashMap<i32, (PipelineSpec, Timestamp)>>,
    /// What the supervisor has seen last; it wakes the workers.
    pub(super) sight: watch::Sender<Sight>,
    /// Workers that have something to report since before an outage of the database.
    pub(super) num_overdue: AtomicUsize,
    /// Whether the work ends when nothing is left, so hand-offs that are locked at that moment would stay behind.
    pub(super) is_draining: bool,
    pub(super) report: Mutex<WorkReport>,
    /// Handlers that are ready, with the declarations that they were opened from.
    pub(super) handlers: Mutex<HashMap<i32, (PipelineSpec, Handler)>>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        database: &'a Database,
        options: &'a WorkOptions,
        progress: &'a (dyn Fn(Progress<'_>) + Sync),
        stage: watch::Receiver<Stage>,
        is_draining: bool,
    ) -> Self {
        Self {
            database,
            options,
            progress,
            stage,
            deliveries: DeliveryLog::default(),
            unanswered: Unanswered::default(),
            serving: watch::Sender::default(),
            sight: watch::Sender::default(),
            num_overdue: AtomicUsize::new(0),
            is_draining,
            report: Mutex::default(),
            handlers: Mutex::default(),
        }
    }

    /// Whether a pipeline is still to be worked for, by the declaration that its worker began with.
    pub(super) fn is_served(&self, pipeline: &Pipeline) -> bool {
        let serving = self.serving.borrow();
        let declared = serving.get(&pipeline.pipeline_id);
        declared.is_some_and(|(spec, at)| (spec, *at) == (&pipeline.spec, pipeline.declared_at))
    }

    /// The names of the pipelines that are served, in order: not of those that an error has stopped.
    pub(super) fn served(&self) -> Vec<String> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = report.pipelines.iter().filter(|of| of.error.is_some()).map(|of| of.pipeline.as_str());
        let stopped: HashSet<&str> = stopped.collect();
        let serving = self.serving.borrow();
        let names =
            serving.values().map(|(spec, _)| &spec.name).filter(|name| !stopped.contains(name.as_str()));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort_unstable();
        names
    }

    /// Whether a worker that got nothing should look again. Limits may have prevented it. In a drain, another
    /// transaction may still hold what is due: the server ends that of a killed worker only after its current
    /// statement. Waits briefly if so.
    pub(super) async fn is_worth_waiting(&self, pipeline: &Pipeline, idle_since: Instant) -> Result<bool> {
        let is_limited = pipeline.spec.limits != Limits::default();
        let may_be_locked = self.is_draining && idle_since.elapsed() < self.options.grace;
        if !is_limited && !may_be_locked {
            return Ok(false);
        }
        let is_due = {
            let client = self.database.client().await?;
            jobs::due(&**client).await?.contains(&pipeline.pipeline_id)
                && !jobs::is_paused(&**client, pipeline.pipeline_id).await?
        };
        if is_due {
            tokio::time::sleep(LIMITED).await;
        }
        Ok(is_due)
    }

    /// The handler of a pipeline, opened again after its declaration has changed.
    pub(super) async fn handler(&self, pipeline: &Pipeline) -> Result<Handler> {
        let known = self.handlers().get(&pipeline.pipeline_id).cloned();
        if let Some((spec, handler)) = known
            && spec == pipeline.spec
        {
            return Ok(handler);
        }
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let handler = Handler::open(&transaction, pipeline, &self.deliveries).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        self.handlers().insert(pipeline.pipeline_id, (pipeline.spec.clone(), handler.clone()));
        Ok(handler)
    }

    pub(super) fn handlers(&self) -> MutexGuard<'_, HashMap<i32, (PipelineSpec, Handler)>> {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the outcome of a batch to the report of its pipeline.
    pub(super) fn add(&self, pipeline: &Pipeline, batch: &Batch) {
        for failed in &batch.failures {
            (self.progress)(Progress::Failed { pipeline: &pipeline.spec.name, attempts: failed });
        }
        self.update(pipeline, |report| {
            report.add(batch);
            // The pipeline works again.
            report.error = None;
        });
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
