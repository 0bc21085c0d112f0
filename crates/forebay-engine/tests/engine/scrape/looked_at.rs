//! A source test shows what a run would find, and leaves no trace.

use forebay_domain::scope::Scope;
use forebay_engine::scrape::{Sample, ScrapeOptions, SourceDefinition, SourceKind, scrape, test};
use forebay_sources::kinds::Command;
use serde_json::json;

use super::{World, list};
use crate::site::{Answer, Asked};

async fn look(world: &World, source: &SourceDefinition, limit: usize) -> forebay_engine::Result<Sample> {
    test(&world.scraper, source, &Scope::default(), limit).await
}

/// A source whose program prints these lines.
fn printing(world: &World, lines: &str) -> SourceDefinition {
    let command: Command = serde_json::from_value(json!({ "argv": ["printf", "%s", lines] })).unwrap();
    SourceDefinition {
        kind: SourceKind::Command(command),
        ..world.scraper.source("courses").unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_pages_and_links_are_shown_and_nothing_is_written() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("", "Sets")], Some("/p2")));
    world.site.set("/p2", list(&[("3", ""), ("4", "Rings")], Some("/p3")));
    let source = world.scraper.source("courses").unwrap();
    let sample = look(&world, source, 3).await.unwrap();
    let keys: Vec<&str> = sample.records.iter().map(|record| record.record_key.as_str()).collect();
    assert_eq!(keys, ["1", "3", "4"]);
    assert_eq!(sample.records[0].payload, r#"{"id":"1","title":"Logic"}"#);
    assert_eq!((sample.num_rejected, sample.rejected[0].reason_code), (1, "empty_key"));
    assert_eq!(sample.missing_keys, [("id".to_owned(), 1)].into());
    for (field, share) in [("id", 1.0), ("title", 2.0 / 3.0)] {
        assert!((sample.field_coverage[field] - share).abs() < 1e-9, "{field}");
    }
    let pages: Vec<_> =
        sample.pages.iter().map(|page| (page.role, page.num_records, page.num_links)).collect();
    assert_eq!(pages, [("listing", 2, 1), ("listing", 2, 1)]);
    assert_eq!(sample.links[0].url, format!("{}/p2", world.site.url));
    let traces = "select (select count(*) from forebay.sources) + (select count(*) from forebay.scrape_runs) \
         + (select count(*) from forebay.circuit_breaker_state) + (select count(*) from forebay.http_validators)";
    assert_eq!(world.number(traces).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_source_reports_why() {
    let world = World::open().await;
    let source = world.scraper.source("courses").unwrap();
    world.site.set("/", Answer::Status(500));
    assert_eq!(look(&world, source, 5).await.unwrap_err().code(), "http_status");
    world.site.set("/", list(&[("1", "Logic")], Some("/p2")));
    world.site.set("/p2", Answer::Status(500));
    let sample = look(&world, source, 5).await.unwrap();
    assert_eq!(sample.records.len(), 1, "records before the error are shown");
    assert_eq!(sample.pages[1].problem.as_ref().map(|problem| problem.0), Some("http_status"));
    assert!(sample.has_more);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_source_is_read_for_a_few_pages() {
    let world = World::open().await;
    world.site.set("/", Answer::Endless);
    let source = world.scraper.source("courses").unwrap();
    let sample = look(&world, source, 1000).await.unwrap();
    assert_eq!(sample.pages.len(), 10);
    assert!(sample.has_more);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_can_be_tested_too() {
    let world = World::open().await;
    let source = printing(&world, "{\"id\": 1}\nnonsense\n{\"name\": \"x\"}\n{\"id\": 2}\n");
    let sample = look(&world, &source, 5).await.unwrap();
    assert_eq!((sample.records.len(), sample.num_rejected, sample.has_more), (2, 2, false));
    let first = look(&world, &source, 1).await.unwrap();
    assert_eq!((first.records.len(), first.has_more), (1, true));
    let command: Command = serde_json::from_value(json!({ "argv": ["false"] })).unwrap();
    let failing = SourceDefinition { kind: SourceKind::Command(command), ..source };
    assert_eq!(look(&world, &failing, 5).await.unwrap_err().code(), "command_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_a_source_does_not_have_is_rejected_before_anything_is_requested() {
    let world = World::open().await;
    let source = world.scraper.source("courses").unwrap();
    let listed = SourceDefinition { scopes: vec!["part=1".parse().unwrap()], ..source.clone() };
    for (source, scope) in [(source, "part=1"), (&listed, "part=2"), (&listed, "")] {
        let scope: Scope = scope.parse().unwrap();
        let scraped = scrape(&world.scraper, source, &scope, &ScrapeOptions::default(), &|_| {}).await;
        let tested = test(&world.scraper, source, &scope, 5).await;
        for error in [scraped.unwrap_err(), tested.unwrap_err()] {
            assert_eq!((error.code(), error.is_usage()), ("no_such_scope", true), "{error}");
            assert_eq!(error.to_string(), format!("the source courses has no scope [{scope}]"));
        }
    }
    assert_eq!(world.site.asked(), Asked::default());
    assert_eq!(world.number("select count(*) from forebay.sources").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_other_scopes_have_are_reported() {
    let world = World::open().await;
    let scope = |term: &str| term.parse::<Scope>().unwrap();
    let printing = |scopes: &[&str]| SourceDefinition {
        scopes: scopes.iter().map(|term| scope(term)).collect(),
        ..printing(&world, "{\"id\":1}\n{\"id\":2}\n")
    };
    let look = async |source: &SourceDefinition, term: &str| {
        test(&world.scraper, source, &scope(term), 5).await.unwrap().warnings
    };
    // The program prints the same for both terms.
    let both = printing(&["term=1", "term=2"]);
    let warnings = look(&both, "term=1").await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("2 of 2 keys are also in the scope [term=2]"), "{warnings:?}");
    assert!(
        warnings[0].contains("key_in_scope = true") && warnings[0].contains("add a field"),
        "{warnings:?}"
    );
    // With the scope in the key, they are other records.
    let key_fields = vec!["id".to_owned(), "$scope".to_owned()];
    assert!(look(&SourceDefinition { key_fields, ..both.clone() }, "term=1").await.is_empty());
    // One declared scope, and what the database has of another.
    let one = printing(&["term=1"]);
    assert!(look(&one, "term=1").await.is_empty());
    scrape(&world.scraper, &both, &scope("term=2"), &ScrapeOptions::default(), &|_| {}).await.unwrap();
    let warnings = look(&one, "term=1").await;
    assert!(warnings[0].starts_with("2 of 2 keys are also stored in the scope [term=2]"), "{warnings:?}");
    assert!(look(&printing(&["term=2"]), "term=2").await.is_empty(), "those of its own scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_without_records_is_not_compared_with_another_scope() {
    let world = World::open().await;
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    let script = json!({ "argv": ["sh", "-c", "echo call >> \"$0\"", calls] });
    let source = SourceDefinition {
        kind: SourceKind::Command(serde_json::from_value(script).unwrap()),
        scopes: ["term=1", "term=2"].map(|term| term.parse().unwrap()).to_vec(),
        ..printing(&world, "")
    };
    let sample = test(&world.scraper, &source, &source.scopes[0], 5).await.unwrap();
    assert_eq!((sample.records.len(), sample.warnings.len()), (0, 0));
    assert_eq!(std::fs::read_to_string(calls).unwrap(), "call\n");
}
