//! A source that does not answer, and its fallbacks.

use forebay_domain::{schedule::Schedule, scope::Scope};
use forebay_engine::{
    clock,
    scrape::{
        self, Scrape, ScrapeOptions, Scraped, SourceDefinition,
        schedule::{self, DueEnd, ScheduleOptions},
        scrape_many,
    },
};
use jiff::{SignedDuration, tz::TimeZone};

use super::{World, courses, list};
use crate::site::{Answer, Asked};

impl World {
    /// A source with two fallbacks. The source and its second fallback work.
    async fn with_fallbacks() -> Self {
        Self::with_fallbacks_of(true).await
    }

    async fn with_fallbacks_of(enabled: bool) -> Self {
        let world = Self::with(|url| {
            let first = SourceDefinition {
                enabled,
                fallback: vec!["broken".into(), "mirror".into()],
                schedule: Schedule::new("every 1d", TimeZone::UTC, SignedDuration::ZERO).ok(),
                ..courses("courses", &format!("{url}/"))
            };
            vec![
                first,
                courses("broken", &format!("{url}/broken")),
                courses("mirror", &format!("{url}/mirror")),
            ]
        })
        .await;
        world.site.set("/", list(&[("1", "Logic")], None));
        world.site.set("/broken", Answer::Status(500));
        world.site.set("/mirror", list(&[("1", "Logic")], None));
        world
    }

    async fn scrape_courses(&self) -> Scraped {
        let source = self.scraper.source("courses").unwrap().clone();
        let wanted = Scrape { source, scopes: vec![Scope::default()], options: ScrapeOptions::default() };
        scrape_many(&self.scraper, vec![wanted], 1, &|_, _, _| {}).await.remove(0)
    }
}

/// The sources that were tried, and the reason of each result.
fn asked(scraped: &Scraped) -> Vec<(&str, Option<&str>)> {
    scraped.chain.candidates().map(|one| (one.source.as_str(), one.reason_code())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fallbacks_are_tried_until_one_answers() {
    let world = World::with_fallbacks().await;
    let synced_by = "select source_name from forebay.sync_metadata where last_sync is not null";
    let scraped = world.scrape_courses().await;
    assert_eq!(asked(&scraped), [("courses", None)]);
    assert_eq!(world.text(synced_by).await, "courses");

    world.site.set("/", Answer::Status(500));
    let scraped = world.scrape_courses().await;
    let failed = Some("http_status");
    assert_eq!(asked(&scraped), [("courses", failed), ("broken", failed), ("mirror", None)]);
    assert_eq!(scraped.chain.answer().unwrap().source, "mirror");
    assert_eq!(world.text(synced_by).await, "mirror", "the fallback counts as a sync");

    // No records where there used to be some does not count as an answer.
    world.site.set("/", list(&[], None));
    let scraped = world.scrape_courses().await;
    assert_eq!(asked(&scraped)[0], ("courses", Some("empty_run")));
    assert_eq!(scraped.chain.answer().unwrap().source, "mirror");

    world.site.set("/mirror", Answer::Status(404));
    let scraped = world.scrape_courses().await;
    assert_eq!((asked(&scraped).len(), scraped.chain.answer().is_none()), (3, true));
    assert_eq!(scraped.chain.into_decisive().source, "courses");
}

impl World {
    /// Declares the sources and their schedules, and makes these due.
    async fn declare_due(&self) {
        scrape::declare(&self.scraper.database, &self.scraper.sources).await.unwrap();
        schedule::declare(&self.scraper.database, &self.scraper.sources, clock::now()).await.unwrap();
        let make_due = "update forebay.source_schedules set next_due_at = now() - interval '1 second'";
        self.client.batch_execute(make_due).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fallbacks_stand_in_for_a_disabled_source_on_schedule() {
    let world = World::with_fallbacks_of(false).await;
    world.declare_due().await;
    let (told, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let progress = |run: &schedule::DueRun| told.send(run.answered_by.clone()).unwrap();
    let report =
        schedule::drain(&world.scraper, &ScheduleOptions::default(), &progress, std::future::pending())
            .await
            .unwrap();
    assert_eq!((report.num_runs, report.num_failed), (1, 0));
    assert_eq!(ended.recv().await.unwrap().as_deref(), Some("mirror"));
    // The disabled source itself is not requested.
    assert_eq!(world.site.asked(), Asked { whole: 1, not_modified: 0, failed: 1 });
    let synced_by = "select source_name from forebay.sync_metadata where last_sync is not null";
    assert_eq!(world.text(synced_by).await, "mirror");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_source_whose_fallbacks_fail_reports_their_failure() {
    let world = World::with_fallbacks_of(false).await;
    world.site.set("/mirror", Answer::Status(503));
    let scraped = world.scrape_courses().await;
    let failed = Some("http_status");
    assert_eq!(
        asked(&scraped),
        [("courses", Some("source_disabled")), ("broken", failed), ("mirror", failed)]
    );
    assert_eq!(scraped.chain.decisive().source, "mirror");
    let code = "select error_code from forebay.sync_metadata";
    assert_eq!(world.text(code).await, "http_status");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_scope_is_answered_by_a_fallback() {
    let world = World::with_fallbacks().await;
    world.declare_due().await;
    world.site.set("/", Answer::Status(500));
    let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let options = ScheduleOptions::default();
    let progress = |run: &schedule::DueRun| {
        let is_applied = matches!(&run.ended, DueEnd::Ended { .. });
        sender.send((run.source.clone(), run.answered_by.clone(), run.run_id, is_applied)).unwrap();
    };
    let report = schedule::drain(&world.scraper, &options, &progress, std::future::pending()).await.unwrap();
    assert_eq!((report.num_runs, report.num_failed), (1, 0));
    let last_run = world.number("select max(run_id) from forebay.scrape_runs").await;
    assert_eq!(
        ended.recv().await.unwrap(),
        ("courses".to_owned(), Some("mirror".to_owned()), Some(last_run), true)
    );
}
