//! A due scope is run once, however many workers look for it.

use std::{sync::Mutex, time::Duration};

use forebay_domain::{run::RunStatus, schedule::Schedule};
use forebay_engine::{
    clock,
    scrape::{
        self, SourceDefinition,
        schedule::{self, DueEnd, DueRun, ScheduleOptions, ScheduleReport},
    },
};
use forebay_store::schedules;
use jiff::{SignedDuration, tz::TimeZone};
use tokio::sync::{mpsc, oneshot};

use super::{World, courses, list};
use crate::{site::Answer, wait::eventually};

fn daily() -> Schedule {
    Schedule::new("every 1d", TimeZone::UTC, SignedDuration::ZERO).unwrap()
}

fn options(worker: &str) -> ScheduleOptions {
    ScheduleOptions { worker: worker.into(), ..ScheduleOptions::default() }
}

impl World {
    /// A site with one course that is scraped every day and is due now.
    async fn due() -> Self {
        let world = Self::with(|url| {
            vec![SourceDefinition { schedule: Some(daily()), ..courses("courses", &format!("{url}/")) }]
        })
        .await;
        world.site.set("/", list(&[("1", "Logic")], None));
        world.declare().await;
        world.make_due().await;
        world
    }

    async fn declare(&self) -> Vec<String> {
        scrape::declare(&self.scraper.database, &self.scraper.sources).await.unwrap();
        schedule::declare(&self.scraper.database, &self.scraper.sources, clock::now()).await.unwrap()
    }

    async fn make_due(&self) {
        let statement = "update forebay.source_schedules set next_due_at = now() - interval '1 second'";
        self.client.batch_execute(statement).await.unwrap();
    }

    async fn drain(&self, worker: &str) -> ScheduleReport {
        schedule::drain(&self.scraper, &options(worker), &|_| {}, std::future::pending()).await.unwrap()
    }

    async fn num_runs(&self) -> i64 {
        self.number("select count(*) from forebay.scrape_runs").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_scope_is_run_by_one_of_two_workers() {
    let world = World::due().await;
    let (one, two) = tokio::join!(world.drain("one"), world.drain("two"));
    assert_eq!(one.num_runs + two.num_runs, 1);
    assert_eq!(one.num_failed + two.num_failed, 0);
    assert_eq!(world.num_runs().await, 1);
    let after = "select last_run_id from forebay.source_schedules \
         where next_due_at > now() and claim is null and last_due_at < now()";
    assert_eq!(world.number(after).await, world.number("select max(run_id) from forebay.scrape_runs").await);
    // The ledger contains the scheduled scrape.
    assert_eq!(
        world.text("select source_name from forebay.sync_metadata where last_sync is not null").await,
        "courses"
    );
    assert_eq!(world.drain("one").await, ScheduleReport::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_or_refused_scope_is_due_again_at_its_next_time() {
    let world = World::due().await;
    world.site.set("/", Answer::Status(500));
    let failed = ScheduleReport { num_runs: 1, num_failed: 1, ..ScheduleReport::default() };
    assert_eq!(world.drain("one").await, failed);
    assert_eq!(world.drain("one").await, ScheduleReport::default());
    let open = "update forebay.circuit_breaker_state set state = 'forced_open'";
    world.client.batch_execute(open).await.unwrap();
    world.make_due().await;
    let refused = ScheduleReport { num_runs: 1, num_refused: 1, ..ScheduleReport::default() };
    assert_eq!(world.drain("one").await, refused);
    assert_eq!(world.num_runs().await, 1);
    let next = "select count(*) from forebay.source_schedules where next_due_at > now() and claim is null";
    assert_eq!(world.number(next).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_claim_is_taken_over_after_its_lease() {
    let world = World::due().await;
    let scrapable = schedules::Scrapable { enabled: &["courses"], disabled: &[] };
    let claim = |lease| schedules::claim_due(&world.client, clock::now(), lease, "dead", 9, scrapable);
    let claimed = claim(Duration::from_hours(1)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(world.drain("one").await, ScheduleReport::default(), "another worker has claimed it");

    let end = "update forebay.source_schedules set claimed_until = now() - interval '1 second'";
    world.client.batch_execute(end).await.unwrap();
    let (one, two) = tokio::join!(world.drain("one"), world.drain("two"));
    assert_eq!((one.num_runs + two.num_runs, world.num_runs().await), (1, 1));
    // The dead worker's report is ignored.
    let finished = schedules::finish(&world.client, &claimed[0], None, clock::now()).await.unwrap();
    assert!(!finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_worker_releases_unfinished_scopes() {
    let world = World::due().await;
    world.site.set("/", Answer::Slow("<ul></ul>".into(), Duration::from_hours(1)));
    let (stop, stopped) = oneshot::channel::<()>();
    let ended: Mutex<Vec<DueRun>> = Mutex::default();
    let ended_as = |run: &DueRun| {
        let ended_as = match &run.ended {
            DueEnd::CutOff => DueEnd::CutOff,
            other => panic!("{other:?}"),
        };
        ended.lock().unwrap().push(DueRun {
            source: run.source.clone(),
            scope: run.scope.clone(),
            due_at: run.due_at,
            run_id: run.run_id,
            answered_by: run.answered_by.clone(),
            ended: ended_as,
        });
    };
    let options = ScheduleOptions { grace: Duration::ZERO, ..options("one") };
    let following = schedule::follow(&world.scraper, &options, &ended_as, async {
        let _is_stopped = stopped.await;
    });
    let stopping = async {
        let running = "select count(*) from forebay.scrape_runs where status = 'running'";
        eventually("the scrape runs", async || world.number(running).await > 0).await;
        stop.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(following, stopping);
    assert_eq!((report, ended.lock().unwrap().len()), (ScheduleReport::default(), 1));

    // Another worker runs it at once, and closes the remaining run.
    world.site.set("/", list(&[("1", "Logic")], None));
    assert_eq!(world.drain("two").await.num_runs, 1);
    let states = "select string_agg(status, ',' order by run_id) from forebay.scrape_runs";
    assert_eq!(world.text(states).await, "aborted,complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_follows_schedules_until_it_is_is_stopped_to_stop() {
    let world = World::due().await;
    let (sender, mut ended) = mpsc::unbounded_channel();
    let progress = |run: &DueRun| {
        let DueEnd::Ended { status, .. } = run.ended else { panic!("{run:?}") };
        sender.send((run.run_id, status)).unwrap();
    };
    let scheduling = options("one");
    let stop = async {
        assert_eq!(ended.recv().await.unwrap().1, RunStatus::Complete);
        // Scopes that become due meanwhile are run too: the worker looks again after each run, and from time to time.
        world.make_due().await;
        assert_eq!(ended.recv().await.unwrap().1, RunStatus::Complete);
    };
    let report = schedule::follow(&world.scraper, &scheduling, &progress, stop).await;
    assert_eq!(report, ScheduleReport { num_runs: 2, ..ScheduleReport::default() });
    assert_eq!(world.num_runs().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_match_the_configuration() {
    let mut world = World::due().await;
    assert_eq!(world.declare().await, [""; 0], "nothing has changed");
    let mut sources = (*world.scraper.sources).clone();
    sources.get_mut("courses").unwrap().schedule =
        Some(Schedule::new("30 3 * * *", TimeZone::UTC, SignedDuration::ZERO).unwrap());
    world.scraper.sources = std::sync::Arc::new(sources.clone());
    assert_eq!(world.declare().await, ["courses"]);
    assert_eq!(world.text("select expression from forebay.source_schedules").await, "30 3 * * *");
    // Another file on the same database names no source.
    world.scraper.sources = std::sync::Arc::default();
    assert_eq!(world.declare().await, [""; 0]);
    assert_eq!(world.number("select count(*) from forebay.source_schedules").await, 1);
    sources.get_mut("courses").unwrap().schedule = None;
    world.scraper.sources = std::sync::Arc::new(sources);
    assert_eq!(world.declare().await, ["courses"], "a source that has no schedule any more");
    assert_eq!(world.number("select count(*) from forebay.source_schedules").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_leaves_unknown_sources_to_others() {
    let mut world = World::due().await;
    let known = std::mem::take(&mut world.scraper.sources);
    let report =
        schedule::drain(&world.scraper, &options("other"), &|run| panic!("{run:?}"), std::future::pending())
            .await
            .unwrap();
    assert_eq!(report, ScheduleReport::default());
    assert_eq!(world.number("select count(*) from forebay.source_schedules where claim is null").await, 1);
    world.scraper.sources = known;
    assert_eq!(world.drain("one").await.num_runs, 1);
}
