//! The logs of scrapes.

use std::sync::Arc;

use forebay_domain::{breaker::BreakerPolicy, run::RunStatus, scope::Scope};
use forebay_engine::{
    logs::Level,
    scrape::{ScrapeOptions, SourceDefinition, SourceKind, scrape},
};
use forebay_sources::kinds::Command;
use forebay_store::logs::{self, LogFilter, LogLine};
use serde_json::json;

use super::{World, courses, list};
use crate::site::Answer;

impl World {
    async fn scrape_logged(&self, level: Level) -> RunStatus {
        let source = self.scraper.source("courses").unwrap();
        let options = ScrapeOptions { log_level: level, ..ScrapeOptions::default() };
        scrape(&self.scraper, source, &Scope::default(), &options, &|_| {}).await.unwrap().status
    }

    /// The lines of the latest run, each as its level and message without the site's address.
    async fn said(&self) -> Vec<String> {
        let run_id = self.number("select max(run_id) from forebay.scrape_runs").await;
        let line = |line: LogLine| format!("{} {}", line.level, line.message.replace(&self.site.url, ""));
        let filter = LogFilter { run_id, min_level: Level::Debug, grep: None, after: None };
        logs::read(&self.client, &filter, 1_000).await.unwrap().into_iter().map(line).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_logs_the_result_of_each_page() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], Some("/p2")));
    world.site.set("/p2", list(&[("3", "Graphs")], Some("/gone")));
    assert_eq!(world.scrape_logged(Level::Debug).await, RunStatus::Complete);
    assert_eq!(
        world.said().await,
        [
            "info run started: /",
            "debug read /: 2 records, 1 links",
            "debug read /p2: 1 records, 1 links",
            "info gone /gone: the server responded 404",
            "info run ended as complete",
        ]
    );

    // Lines below the level are not stored, and unchanged pages are logged as such.
    assert_eq!(world.scrape_logged(Level::Info).await, RunStatus::Complete);
    let few =
        ["info run started: /", "info gone /gone: the server responded 404", "info run ended as complete"];
    assert_eq!(world.said().await, few);
    assert_eq!(world.scrape_logged(Level::Debug).await, RunStatus::Complete);
    assert!(world.said().await.contains(&"debug unchanged /: 2 records, 1 links".to_owned()));

    world.site.set("/p2", Answer::Status(500));
    assert_eq!(world.scrape_logged(Level::Warn).await, RunStatus::Partial);
    let said = world.said().await;
    assert!(said[0].starts_with("warn failed /p2: "), "{said:?}");
    assert!(said.last().unwrap().starts_with("warn run ended as partial: "), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_scrape_logs_the_reason_and_the_breaker_change() {
    let world = World::with(|url| {
        let breaker = BreakerPolicy { max_consecutive: Some(1), ..BreakerPolicy::default() };
        vec![SourceDefinition { breaker, ..courses("courses", &format!("{url}/")) }]
    })
    .await;
    world.site.set("/", Answer::Status(500));
    world.try_scrape().await.unwrap_err();
    let said = world.said().await;
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[1].starts_with("warn failed /: "), "{said:?}");
    assert_eq!(said[2], "warn the breaker changed from closed to open: consecutive_failures");
    assert!(said[3].starts_with("error run failed: "), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_error_of_a_program_is_logged() {
    let mut world = World::open().await;
    let script = "echo '{\"id\": 1}'; echo 'WARNING: slow today' >&2; echo 'all is well' >&2";
    let command: Command = serde_json::from_value(json!({ "argv": ["sh", "-c", script] })).unwrap();
    let source =
        SourceDefinition { kind: SourceKind::Command(command), ..courses("courses", "http://127.0.0.1/") };
    world.scraper.sources = Arc::new([("courses".to_owned(), source)].into());
    assert_eq!(world.scrape_logged(Level::Info).await, RunStatus::Complete);
    let said = world.said().await;
    assert_eq!(
        said,
        [
            "info run started: sh",
            "warn WARNING: slow today",
            "info all is well",
            "info run ended as complete"
        ]
    );
}
