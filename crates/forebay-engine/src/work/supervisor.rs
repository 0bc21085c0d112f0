//! The service around the workers: finding out for which pipelines there is work, starting and stopping.
//!
//! Everything runs on the caller's task, as futures beside each other: what a worker does is mostly waiting for the
//! database or for the other side, and nothing has to outlive the call.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    mem,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use forebay_store::{
    connect::Database,
    jobs,
    pipelines::{self, Pipeline},
};
use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::sync::watch;

use super::{
    Progress, WorkOptions, WorkReport,
    listener::Listener,
    maintenance,
    worker::{Shared, Stage, serve},
};
use crate::error::{Error, Result};

/// How long a worker that found nothing to do waits before it looks again, if it hears of nothing.
const POLL: Duration = Duration::from_secs(1);
/// A pipeline that an error has stopped is left alone for so long.
const REST: Duration = Duration::from_secs(5);
/// A database that cannot be reached is tried again after so long, then twice as long, up to the last.
const AWAY: [Duration; 6] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];
/// How long what is given back at the end of the grace may take.
const GIVING_BACK: Duration = Duration::from_secs(5);

/// A worker that has come to an end.
struct Served {
    pipeline: Pipeline,
    result: Result<()>,
}

/// What the service knows of its pipelines.
struct Supervisor<'a> {
    shared: &'a Shared<'a>,
    /// Workers under way, by pipeline.
    num_serving: HashMap<i32, u32>,
    /// Pipelines that an error has stopped, and until when they are left alone.
    resting: HashMap<i32, Instant>,
}

/// What a look at the database finds.
struct Seen {
    /// The pipelines to work for.
    pipelines: Vec<Pipeline>,
    /// Those that have something due, among others.
    due: HashSet<i32>,
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
        pipeline.spec.enabled
            && (wanted.is_empty() || wanted.contains(&pipeline.spec.name))
            && pipeline.spec.handler != "external"
    });
    let due = jobs::due(&**client).await?.into_iter().collect();
    Ok(Seen { pipelines, due })
}

pub(super) async fn drain(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<WorkReport> {
    let (_stage, stage) = watch::channel(Stage::Working);
    let shared =
        Shared { database, options, progress, stage, report: Mutex::default(), handlers: Mutex::default() };
    maintenance::rescue(&shared).await?;
    let mut service = Supervisor::new(&shared);
    let mut at_work = FuturesUnordered::new();
    service.start(&mut at_work, look(&shared, true).await?, true);
    let mut away = None;
    while let Some(served) = at_work.next().await {
        if let Err(error) = service.ended(served) {
            away = Some(error);
        }
    }
    if let Some(error) = away {
        return Err(error);
    }
    maintenance::embed(&shared).await?;
    shared.finish().await
}

pub(super) async fn follow(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()>,
) -> Result<WorkReport> {
    let (stage, watching) = watch::channel(Stage::Working);
    let shared = Shared {
        database,
        options,
        progress,
        stage: watching,
        report: Mutex::default(),
        handlers: Mutex::default(),
    };
    let mut service = Supervisor::new(&shared);
    let mut at_work = FuturesUnordered::new();
    let mut wake = Listener::new();
    let mut stop = pin!(stop.fuse());
    let mut maintenance =
        pin!(futures_util::future::join(maintenance::run(&shared), maintenance::embed_all(&shared)).fuse());
    let mut num_failures = 0;
    // The first look tells what no later one may swallow: a pipeline that does not exist, a schema that is missing.
    let mut is_first = true;
    loop {
        // Workers go on meanwhile: a look may wait for a connection that one of them has.
        let seen = {
            let mut looking = pin!(async {
                wake.listen(database).await;
                look(&shared, is_first).await
            });
            loop {
                tokio::select! {
                    () = &mut stop => break None,
                    _ = &mut maintenance => {}
                    Some(served) = at_work.next(), if !at_work.is_empty() => drop(service.ended(served)),
                    seen = &mut looking => break Some(seen),
                }
            }
        };
        let wait = match seen {
            None => break,
            Some(Ok(seen)) => {
                service.start(&mut at_work, seen, is_first);
                is_first = false;
                if num_failures > 0 {
                    progress(Progress::Back);
                    num_failures = 0;
                }
                POLL
            }
            Some(Err(error)) if is_first && !error.is_unreachable() => return Err(error),
            Some(Err(error)) => {
                let wait = AWAY[num_failures.min(AWAY.len() - 1)];
                num_failures += 1;
                progress(Progress::Away { error: &error, wait });
                wait
            }
        };
        let mut next_look = pin!(tokio::time::sleep(wait));
        // Ended workers do not cut the wait for the next look short: they end when nothing is due.
        let stopped = loop {
            tokio::select! {
                () = &mut stop => break true,
                _ = &mut maintenance => {}
                // That the database is away is told by the next look.
                Some(served) = at_work.next(), if !at_work.is_empty() => drop(service.ended(served)),
                () = wake.heard() => break false,
                () = &mut next_look => break false,
            }
        };
        if stopped {
            break;
        }
    }
    stage.send_replace(Stage::Stopping);
    let deadline = tokio::time::sleep(options.grace);
    let mut deadline = pin!(deadline);
    while !at_work.is_empty() {
        tokio::select! {
            Some(served) = at_work.next() => drop(service.ended(served)),
            () = &mut deadline => break,
        }
    }
    stage.send_replace(Stage::CutOff);
    let giving_back = async {
        while let Some(served) = at_work.next().await {
            drop(service.ended(served));
        }
    };
    // What does not even give back is dropped: transactions roll back, leases end.
    let _in_time = tokio::time::timeout(GIVING_BACK, giving_back).await;
    drop(at_work);
    // What was done is told even when what waits cannot be looked at any more.
    match tokio::time::timeout(GIVING_BACK, shared.finish()).await {
        Ok(Ok(report)) => Ok(report),
        _ => Ok(shared.take_report()),
    }
}

impl<'a> Supervisor<'a> {
    fn new(shared: &'a Shared<'a>) -> Self {
        Self { shared, num_serving: HashMap::new(), resting: HashMap::new() }
    }

    /// Starts workers for pipelines that have something due and no worker.
    fn start(
        &mut self,
        at_work: &mut FuturesUnordered<LocalBoxFuture<'a, Served>>,
        seen: Seen,
        is_first: bool,
    ) {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        for pipeline in seen.pipelines {
            let id = pipeline.pipeline_id;
            if is_first {
                self.shared.begin(&pipeline);
            }
            if !seen.due.contains(&id) || self.num_serving.contains_key(&id) || self.resting.contains_key(&id)
            {
                continue;
            }
            let concurrency = self.shared.options.concurrency.max(1);
            self.num_serving.insert(id, concurrency);
            for _ in 0..concurrency {
                let (shared, pipeline) = (self.shared, pipeline.clone());
                at_work.push(
                    async move {
                        let result = serve(shared, &pipeline).await;
                        Served { pipeline, result }
                    }
                    .boxed_local(),
                );
            }
        }
    }

    /// Takes note of a worker's end. The error is one of the database.
    fn ended(&mut self, served: Served) -> Result<()> {
        let id = served.pipeline.pipeline_id;
        if let Some(number) = self.num_serving.get_mut(&id) {
            *number -= 1;
            if *number == 0 {
                self.num_serving.remove(&id);
            }
        }
        match served.result {
            Err(error) if error.is_unreachable() => Err(error),
            Err(error) => {
                self.stop(&served.pipeline, error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Notes what has stopped a pipeline. What its handler relied on may be gone, so it is made anew.
    fn stop(&mut self, pipeline: &Pipeline, error: Error) {
        self.shared.handlers().remove(&pipeline.pipeline_id);
        self.resting.insert(pipeline.pipeline_id, Instant::now() + REST);
        self.shared.tell(pipeline, |report| report.error = Some(error));
    }
}

impl Shared<'_> {
    /// Puts a pipeline into the report.
    fn begin(&self, pipeline: &Pipeline) {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).of(pipeline);
    }

    /// The report, which is the end of the work.
    async fn finish(&self) -> Result<WorkReport> {
        let found = WorkReport::backlogs(self.database).await?;
        let mut report = self.take_report();
        report.set_backlogs(&found);
        Ok(report)
    }

    fn take_report(&self) -> WorkReport {
        mem::take(&mut *self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
