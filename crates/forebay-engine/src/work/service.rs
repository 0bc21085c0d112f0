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
    pipelines::{self, Pipeline, PipelineSpec},
};
use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::sync::watch;

use super::{
    Progress, WorkOptions, WorkReport,
    handlers::Handler,
    serve::{Shared, Stage, serve},
    upkeep,
    wake::Wake,
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
struct Service<'a> {
    shared: &'a Shared<'a>,
    /// Handlers that are ready, with what they were made from.
    handlers: HashMap<i32, (PipelineSpec, Handler)>,
    /// Workers under way, by pipeline.
    num_serving: HashMap<i32, u32>,
    /// Pipelines that an error has stopped, and until when they are left alone.
    resting: HashMap<i32, Instant>,
}

pub(super) async fn drain(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<WorkReport> {
    let (_stage, stage) = watch::channel(Stage::Working);
    let shared = Shared { database, options, progress, stage, report: Mutex::default() };
    upkeep::rescue(&shared).await?;
    let mut service = Service::new(&shared);
    let mut at_work = FuturesUnordered::new();
    service.start(&mut at_work, true).await?;
    let mut away = None;
    while let Some(served) = at_work.next().await {
        if let Err(error) = service.ended(served) {
            away = Some(error);
        }
    }
    if let Some(error) = away {
        return Err(error);
    }
    upkeep::embed(&shared).await?;
    shared.finish().await
}

pub(super) async fn follow(
    database: &Database,
    options: &WorkOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: impl Future<Output = ()>,
) -> Result<WorkReport> {
    let (stage, watching) = watch::channel(Stage::Working);
    let shared = Shared { database, options, progress, stage: watching, report: Mutex::default() };
    let mut service = Service::new(&shared);
    let mut at_work = FuturesUnordered::new();
    let mut wake = Wake::new();
    let mut stop = pin!(stop.fuse());
    let mut upkeep = pin!(futures_util::future::join(upkeep::run(&shared), upkeep::embed_all(&shared)).fuse());
    let mut num_failures = 0;
    // The first look tells what no later one may swallow: a pipeline that does not exist, a schema that is missing.
    let mut is_first = true;
    loop {
        let mut wait = POLL;
        wake.listen(database).await;
        match service.start(&mut at_work, is_first).await {
            Ok(()) => {
                if num_failures > 0 {
                    progress(Progress::Back);
                    num_failures = 0;
                }
            }
            Err(error) if is_first && !error.is_unreachable() => return Err(error),
            Err(error) => {
                wait = AWAY[num_failures.min(AWAY.len() - 1)];
                num_failures += 1;
                progress(Progress::Away { error: &error, wait });
            }
        }
        is_first = false;
        let next_look = tokio::time::sleep(wait);
        let mut next_look = pin!(next_look);
        // Ended workers do not cut the wait for the next look short: they end when nothing is due.
        let stopped = loop {
            tokio::select! {
                () = &mut stop => break true,
                _ = &mut upkeep => {}
                Some(served) = at_work.next(), if !at_work.is_empty() => {
                    // That the database is away is told by the next look.
                    let _away = service.ended(served);
                }
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
    shared.finish().await
}

impl<'a> Service<'a> {
    fn new(shared: &'a Shared<'a>) -> Self {
        Self { shared, handlers: HashMap::new(), num_serving: HashMap::new(), resting: HashMap::new() }
    }

    /// Starts workers for pipelines that have something due and no worker. An error is one of the database; what is
    /// wrong with one pipeline is in its report.
    async fn start(
        &mut self,
        at_work: &mut FuturesUnordered<LocalBoxFuture<'a, Served>>,
        is_first: bool,
    ) -> Result<()> {
        let client = self.shared.database.client().await?;
        let all = pipelines::list(&**client).await?;
        let wanted = &self.shared.options.pipelines;
        let is_known = |name: &&String| all.iter().any(|pipeline| pipeline.spec.name == **name);
        if is_first && let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
            return Err(Error::NoSuchPipeline { pipeline: unknown.clone() });
        }
        let due: HashSet<i32> = jobs::due(&**client).await?.into_iter().collect();
        drop(client);
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        for pipeline in all {
            let id = pipeline.pipeline_id;
            let is_chosen = pipeline.spec.enabled
                && (wanted.is_empty() || wanted.contains(&pipeline.spec.name))
                && pipeline.spec.handler != "external";
            if !is_chosen {
                continue;
            }
            if is_first {
                self.shared.begin(&pipeline);
            }
            if !due.contains(&id) || self.num_serving.contains_key(&id) || self.resting.contains_key(&id) {
                continue;
            }
            let handler = match self.handler(&pipeline).await {
                Ok(handler) => handler,
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => {
                    self.stop(&pipeline, error);
                    continue;
                }
            };
            let concurrency = self.shared.options.concurrency.max(1);
            self.num_serving.insert(id, concurrency);
            for _ in 0..concurrency {
                let (shared, pipeline, handler) = (self.shared, pipeline.clone(), handler.clone());
                at_work.push(
                    async move {
                        let result = serve(shared, &pipeline, &handler).await;
                        Served { pipeline, result }
                    }
                    .boxed_local(),
                );
            }
        }
        Ok(())
    }

    /// The handler of a pipeline, made anew when its declaration has changed.
    async fn handler(&mut self, pipeline: &Pipeline) -> Result<Handler> {
        if let Some((spec, handler)) = self.handlers.get(&pipeline.pipeline_id)
            && *spec == pipeline.spec
        {
            return Ok(handler.clone());
        }
        let mut client = self.shared.database.client().await?;
        let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
        let handler = Handler::open(&transaction, &pipeline.spec).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        self.handlers.insert(pipeline.pipeline_id, (pipeline.spec.clone(), handler.clone()));
        Ok(handler)
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
        self.handlers.remove(&pipeline.pipeline_id);
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
        let mut report = mem::take(&mut *self.report.lock().unwrap_or_else(PoisonError::into_inner));
        report.finish(self.database).await?;
        Ok(report)
    }
}
