//! Programs that fail: what they printed is stored, nothing is removed, and it counts against the source.

use forebay_domain::{breaker::BreakerPolicy, run::RunStatus, scope::Scope};
use forebay_engine::scrape::{ScrapeOptions, SourceDefinition, SourceKind, scrape_chain};
use serde_json::json;

use super::{World, courses, list};

/// A source that runs a shell script, with a fallback that works and a breaker that opens at once.
async fn world(script: &str) -> World {
    let world = World::with(|url| {
        let command = serde_json::from_value(json!({ "argv": ["sh", "-c", script] })).unwrap();
        let breaker = BreakerPolicy { max_consecutive: Some(1), jitter: 0.0, ..BreakerPolicy::default() };
        let spider = SourceDefinition {
            kind: SourceKind::Command(command),
            fallback: vec!["mirror".into()],
            breaker,
            ..courses("courses", url)
        };
        vec![spider, courses("mirror", &format!("{url}/"))]
    })
    .await;
    world.site.set("/", list(&[("1", "Logic")], None));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_midway_makes_the_run_partial() {
    // Fails only the second time, when it also has less to say.
    let marker = tempfile::NamedTempFile::new().unwrap();
    let path = marker.path().display();
    let world = world(&format!(
        "echo '{{\"id\":1}}'; if [ -s {path} ]; then exit 3; fi; echo x > {path}; echo '{{\"id\":2}}'"
    ))
    .await;
    assert_eq!(world.scrape().await.status, RunStatus::Complete);
    let report = world.scrape().await;
    assert_eq!((report.status, report.reason_code.as_deref()), (RunStatus::Partial, Some("command_failed")));
    assert_eq!((report.counts.num_seen, report.counts.num_removed), (1, 0));
    assert!(report.has_answered());
    assert_eq!(world.text("select state from forebay.circuit_breaker_state").await, "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_before_its_first_record_is_no_answer() {
    let world = world("echo trouble >&2; exit 3").await;
    let source = world.scraper.source("courses").unwrap();
    let options = ScrapeOptions::default();
    let chain = scrape_chain(&world.scraper, source, &Scope::default(), &options, &|_, _, _| {}).await;
    assert_eq!(chain.primary.reason_code(), Some("command_failed"));
    assert!(chain.primary.result.as_ref().unwrap().messages[0].contains("it wrote: trouble"));
    assert_eq!(chain.answer().unwrap().source, "mirror");
    assert_eq!(
        world.text("select state from forebay.circuit_breaker_state where state <> 'closed'").await,
        "open"
    );
}
