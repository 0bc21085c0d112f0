//! The supervisor of the workers: finds the pipelines that have work, and starts and stops their workers.
//!
//! All workers are futures on the caller's task: they mostly wait for the database or for a handler's target, and
//! nothing has to outlive the call.

use std::{
    collections::HashMap,
    future::Future,
    mem,
    pin::pin,
    sync::PoisonError,
    time::{Duration, Instant},
};

use forebay_domain::backoff;
use forebay_store::{
    connect::Database,
    jobs::{self, Backlog},
    pipelines::{self, Pipeline},
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::watch;

use super::{
    disabling::{self, Noted},
    embedding::{self, Rests},
    kind::Workers,
    listener::Listener,
    maintenance, notifying,
    options::WorkOptions,
    presence,
    report::{LeftAlone, Progress, WorkReport},
    shared::{Shared, Sight, Stage},
    worker::serve,
};
use crate::error::{DeclarationError, Error, Result};

/// How long to wait before looking for work again, unless a notification comes.
const POLL: Duration = Duration::from_secs(1);
/// How long a pipeline waits after an error.
const REST: Duration = Duration::from_secs(5);
/// The wait after the first failed attempt to reach the database; it doubles with each further one.
const OUTAGE_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between attempts to reach the database.
const LONGEST_OUTAGE_WAIT: Duration = Duration::from_secs(15);
/// How long releasing hand-offs at the end of the grace period may take.
const GIVING_BACK: Duration = Duration::from_secs(5);

/// A worker that has ended.
struct Ended {
    pipeline: Pipeline,
    /// How long to leave the pipeline alone.
    result: Result<Option<Duration>>,
}

/// The state of the supervisor.
struct Supervisor<'a> {
    shared: &'a Shared<'a>,
    /// Running workers, by pipeline.
    num_workers: HashMap<i32, u32>,
    /// Pipelines that wait after an error or for their receiver, and until when.
    resting: HashMap<i32, Instant>,
    /// Pipelines that this worker leaves alone, by name.
    left_alone: HashMap<String, DeclarationError>,
}

/// The result of looking for work.
struct Seen {
    /// The pipelines to work for.
    pipelines: Vec<Pipeline>,
    /// The pipelines that the program does not declare.
    left_alone: Vec<(Pipeline, DeclarationError)>,
    /// Of all pipelines, including those of other workers.
    sight: Sight,
}

/// Looks for work. `is_first` also checks that the pipelines to work for are there.
async fn look(shared: &Shared<'_>, is_first: bool) -> Result<Seen> {
    let client = shared.database.client().await?;
    let mut pipelines = pipelines::list(&**client).await?;
    let wanted = &shared.options.pipelines;
    let is_known = |name: &&String| pipelines.iter().any(|pipeline| pipeline.spec.name == **name);
    if is_first && let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
        return Err(Error::NoSuchPipeline { pipeline: unknown.clone() });
    }
    pipelines.retain(|pipeline| {
        let is_wanted = wanted.is_empty() || wanted.contains(&pipeline.spec.name);
        is_wanted && Workers::of_pipeline(pipeline) == Workers::Forebay
    });
    let mut left_alone = Vec::new();
    pipelines.retain(|pipeline| match shared.options.declarations.check(&pipeline.spec) {
        Ok(()) => true,
        Err(error) => {
            left_alone.push((pipeline.clone(), error));
            false
        }
    });
    if is_first
        && !wanted.is_empty()
        && let Some((_, error)) = left_alone.pop()
    {
        // It was asked for by its name.
        return Err(error.into());
    }
    let due = jobs::due(&**client).await?.into_iter().collect();
    let cancelled = jobs::cancelled(&**client).await?.into_iter().collect();
    Ok(Seen { pipelines, left_alone, sight: Sight { due, cancelled } })
}

pub(super) async fn drain(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<WorkReport> {
    let (stage, watching) = watch::channel(Stage::Working);
    let shared = Shared::new(database, options, progress, watching, true);
    let working = shared.deliveries.during(database, Box::pin(drain_until(&shared, &stage, stop)));
    presence::during(&shared, working).await
}

async fn drain_until(
    shared: &Shared<'_>,
    stage: &watch::Sender<Stage>,
    stop: impl Future<Output = ()> + Send,
) -> Result<WorkReport> {
    let mut supervisor = Supervisor::new(shared);
    let mut workers = FuturesUnordered::new();
    let working = async {
        maintenance::rescue(shared).await?;
        supervisor.start(&mut workers, look(shared, true).await?, true);
        let mut worked = Ok(());
        while let Some(worker) = workers.next().await {
            worked = supervisor.ended(worker).and(worked);
        }
        worked?;
        disabling::round(shared, &mut Noted::new()).await?;
        notifying::round(shared).await?;
        embedding::round(shared, &mut Rests::default()).await
    };
    let worked: Option<Result<()>> = tokio::select! {
        () = stop => None,
        worked = working => Some(worked),
    };
    match worked {
        None => {
            give_back_notifications(shared).await;
            Ok(supervisor.stop_all(workers, stage).await)
        }
        Some(Ok(())) => shared.finish().await,
        Some(Err(error)) => {
            // Otherwise claims whose answer got lost wait until their leases end.
            let giving_back = shared.unanswered.give_back(shared.database);
            let _in_time = tokio::time::timeout(GIVING_BACK, giving_back).await;
            Err(error)
        }
    }
}

pub(super) async fn follow(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<WorkReport> {
    let (stage, watching) = watch::channel(Stage::Working);
    let shared = Shared::new(database, options, progress, watching, false);
    let working = shared.deliveries.during(database, Box::pin(follow_until(&shared, &stage, stop)));
    presence::during(&shared, working).await
}

async fn follow_until(
    shared: &Shared<'_>,
    stage: &watch::Sender<Stage>,
    stop: impl Future<Output = ()> + Send,
) -> Result<WorkReport> {
    let Shared { database, progress, .. } = *shared;
    let mut supervisor = Supervisor::new(shared);
    let mut workers = FuturesUnordered::new();
    let mut listener = Listener::new();
    let mut stop = pin!(stop.fuse());
    let mut maintenance = Box::pin(
        futures_util::future::join4(
            maintenance::run(shared),
            embedding::run(shared),
            disabling::run(shared),
            notifying::run(shared),
        )
        .fuse(),
    );
    let mut num_failures = 0;
    // Only errors of the first look end the call: a pipeline that does not exist, a missing schema.
    let mut is_first = true;
    loop {
        // Workers continue meanwhile: looking may wait for a connection that one of them has.
        let seen = {
            let mut looking = pin!(async {
                listener.listen(database).await;
                look(shared, is_first).await
            });
            loop {
                tokio::select! {
                    () = &mut stop => break None,
                    _ = &mut maintenance => {}
                    Some(worker) = workers.next(), if !workers.is_empty() => drop(supervisor.ended(worker)),
                    seen = &mut looking => break Some(seen),
                }
            }
        };
        let wait = match seen {
            None => break,
            Some(Ok(seen)) => {
                supervisor.start(&mut workers, seen, is_first);
                is_first = false;
                if num_failures > 0 {
                    tracing::info!(num_attempts = num_failures, "the database can be reached again");
                    progress(Progress::Reachable);
                    num_failures = 0;
                }
                POLL
            }
            Some(Err(error)) if is_first && !error.is_unreachable() => return Err(error),
            Some(Err(error)) => {
                if num_failures == 0 {
                    tracing::warn!(code = error.code(), "the database cannot be reached; retrying");
                }
                num_failures += 1;
                let wait = backoff::ceiling(OUTAGE_WAIT, LONGEST_OUTAGE_WAIT, num_failures);
                progress(Progress::Unreachable { error: &error, wait });
                wait
            }
        };
        let mut next_look = pin!(tokio::time::sleep(wait));
        // Ended workers do not shorten the wait for the next look: they end when nothing is due.
        let stopped = loop {
            tokio::select! {
                () = &mut stop => break true,
                _ = &mut maintenance => {}
                // The next look reports an outage of the database.
                Some(worker) = workers.next(), if !workers.is_empty() => drop(supervisor.ended(worker)),
                () = listener.heard() => break false,
                () = &mut next_look => break false,
            }
        };
        if stopped {
            break;
        }
    }
    // Its open transactions would hold locks until the last worker ends.
    drop(maintenance);
    give_back_notifications(shared).await;
    Ok(supervisor.stop_all(workers, stage).await)
}

/// Otherwise what was being sent waits for its lease.
async fn give_back_notifications(shared: &Shared<'_>) {
    let _in_time = tokio::time::timeout(GIVING_BACK, notifying::release(shared)).await;
}

impl<'a> Supervisor<'a> {
    fn new(shared: &'a Shared<'a>) -> Self {
        Self { shared, num_workers: HashMap::new(), resting: HashMap::new(), left_alone: HashMap::new() }
    }

    /// Starts workers for pipelines that have something due and no worker.
    fn start(&mut self, workers: &mut FuturesUnordered<BoxFuture<'a, Ended>>, seen: Seen, is_first: bool) {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let declared = |of: &Pipeline| (of.pipeline_id, (of.spec.clone(), of.declared_at));
        let served = seen.pipelines.iter().map(declared).collect();
        self.shared.serving.send_if_modified(|serving| mem::replace(serving, served) != *serving);
        self.leave_alone(seen.left_alone);
        for pipeline in seen.pipelines {
            let id = pipeline.pipeline_id;
            if is_first {
                self.shared.begin(&pipeline);
            }
            if !seen.sight.due.contains(&id)
                || self.num_workers.contains_key(&id)
                || self.resting.contains_key(&id)
            {
                continue;
            }
            let concurrency = self.shared.options.concurrency.max(1);
            self.num_workers.insert(id, concurrency);
            for _ in 0..concurrency {
                let (shared, pipeline) = (self.shared, pipeline.clone());
                workers.push(run_worker(shared, pipeline));
            }
        }
        self.shared.sight.send_replace(seen.sight);
    }

    /// Records the pipelines that are left alone now. Each is reported once for each reason.
    fn leave_alone(&mut self, pipelines: Vec<(Pipeline, DeclarationError)>) {
        self.left_alone.retain(|name, _| pipelines.iter().any(|(pipeline, _)| pipeline.spec.name == *name));
        for (Pipeline { spec, .. }, error) in pipelines {
            if self.left_alone.get(&spec.name) == Some(&error) {
                continue;
            }
            let hint = error.hint().unwrap_or_default();
            tracing::warn!(pipeline = spec.name, code = error.code(), "{error}; {hint}");
            self.left_alone.insert(spec.name, error);
        }
        self.shared.set_left_alone(&self.left_alone);
    }

    /// Records that a worker ended. Error: the database cannot be reached.
    fn ended(&mut self, worker: Ended) -> Result<()> {
        let id = worker.pipeline.pipeline_id;
        if let Some(number) = self.num_workers.get_mut(&id) {
            *number -= 1;
            if *number == 0 {
                self.num_workers.remove(&id);
            }
        }
        match worker.result {
            Err(error) if error.is_unreachable() => Err(error),
            Err(error) => {
                self.stop(&worker.pipeline, error);
                Ok(())
            }
            Ok(None) => Ok(()),
            Ok(Some(rest)) => {
                self.resting.insert(id, Instant::now() + rest);
                Ok(())
            }
        }
    }

    /// Lets the workers finish within the grace period, and then has them release what they hold.
    async fn stop_all(
        mut self,
        mut workers: FuturesUnordered<BoxFuture<'a, Ended>>,
        stage: &watch::Sender<Stage>,
    ) -> WorkReport {
        stage.send_replace(Stage::Stopping);
        let mut deadline = pin!(tokio::time::sleep(self.shared.options.grace));
        while !workers.is_empty() {
            tokio::select! {
                Some(worker) = workers.next() => drop(self.ended(worker)),
                () = &mut deadline => break,
            }
        }
        stage.send_replace(Stage::CutOff);
        let giving_back = async {
            while let Some(worker) = workers.next().await {
                drop(self.ended(worker));
            }
        };
        // Workers that cannot even release are dropped: transactions roll back, leases expire.
        let _in_time = tokio::time::timeout(GIVING_BACK, giving_back).await;
        drop(workers);
        // The work is reported even when the backlog cannot be read any more.
        match tokio::time::timeout(GIVING_BACK, self.shared.finish()).await {
            Ok(Ok(report)) => report,
            _ => self.shared.take_report(),
        }
    }

    /// Records the error that stopped a pipeline. Its handler is opened again, because its resources may be gone,
    /// unless it holds on to a table that has changed.
    fn stop(&mut self, pipeline: &Pipeline, error: Error) {
        if !matches!(error, Error::Store(forebay_store::Error::TableChanged { .. })) {
            self.shared.handlers().remove(&pipeline.pipeline_id);
        }
        self.resting.insert(pipeline.pipeline_id, Instant::now() + REST);
        tracing::error!(pipeline = pipeline.spec.name, code = error.code(), "the pipeline stopped: {error}");
        self.shared.update(pipeline, |report| report.error = Some(error));
    }
}

/// Boxed, so the supervisor's future stays small.
fn run_worker<'a>(shared: &'a Shared<'a>, pipeline: Pipeline) -> BoxFuture<'a, Ended> {
    Box::pin(async move {
        let result = serve(shared, &pipeline).await;
        Ended { pipeline, result }
    })
}

impl Shared<'_> {
    /// Adds a pipeline to the report.
    fn begin(&self, pipeline: &Pipeline) {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).of(pipeline);
    }

    /// The report at the end of the work.
    async fn finish(&self) -> Result<WorkReport> {
        self.unanswered.give_back(self.database).await?;
        let found = WorkReport::backlogs(self.database).await?;
        let mut report = self.take_report();
        report.set_backlogs(&found);
        Ok(report)
    }

    fn set_left_alone(&self, pipelines: &HashMap<String, DeclarationError>) {
        let left_alone = pipelines.iter().map(|(pipeline, error)| LeftAlone {
            pipeline: pipeline.clone(),
            error: error.clone(),
            backlog: Backlog::default(),
        });
        let mut left_alone: Vec<_> = left_alone.collect();
        left_alone.sort_unstable_by(|a, b| a.pipeline.cmp(&b.pipeline));
        self.report.lock().unwrap_or_else(PoisonError::into_inner).left_alone = left_alone;
    }

    fn take_report(&self) -> WorkReport {
        mem::take(&mut *self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
