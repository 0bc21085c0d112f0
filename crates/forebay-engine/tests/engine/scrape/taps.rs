//! The messages of a tap report whether it has sent everything, whichever kind of source starts it.

use forebay_domain::scope::Scope;
use forebay_engine::scrape::{ScrapeOptions, SourceDefinition, SourceKind, scrape};
use serde_json::{Value, json};

use super::{World, courses};
use crate::persist::counts;

/// A script that sends records of a version, and that there are no others.
fn script(ids: &[u32], version: u32) -> String {
    let record =
        |id: &u32| json!({"type": "RECORD", "stream": "items", "record": {"id": id}, "version": version});
    let schema = json!({"type": "SCHEMA", "stream": "items", "schema": {}, "key_properties": ["id"]});
    let whole = json!({"type": "ACTIVATE_VERSION", "stream": "items", "version": version});
    let messages = std::iter::once(schema).chain(ids.iter().map(record)).chain([whole]);
    messages.map(|message| format!("echo '{message}'\n")).collect::<Vec<_>>().concat()
}

fn tap(script: &str) -> SourceKind {
    let settings: Value = json!({ "command": ["sh", "-c", script] });
    SourceKind::Singer(serde_json::from_value(settings).unwrap())
}

fn command(script: &str) -> SourceKind {
    let settings: Value = json!({ "argv": ["sh", "-c", script], "format": "singer" });
    SourceKind::Command(serde_json::from_value(settings).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scraped_tap_removes_records_without_being_declared_complete() {
    for kind in [tap, command] {
        let world = World::open().await;
        let run = async |ids: &[u32], version| {
            let kind = kind(&script(ids, version));
            let source = SourceDefinition { kind, complete: false, ..courses("courses", &world.site.url) };
            let options = ScrapeOptions::default();
            scrape(&world.scraper, &source, &Scope::default(), &options, &|_| {}).await.unwrap()
        };
        assert_eq!(counts(&run(&[1, 2, 3], 1).await), [3, 3, 0, 0, 0, 0, 0, 0]);
        assert_eq!(counts(&run(&[2, 3], 2).await), [2, 0, 0, 2, 1, 0, 0, 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_fails_activates_nothing_and_keeps_the_version() {
    for kind in [tap, command] {
        let world = World::open().await;
        let run = async |script: &str| {
            let source = SourceDefinition { kind: kind(script), ..courses("courses", &world.site.url) };
            let options = ScrapeOptions::default();
            scrape(&world.scraper, &source, &Scope::default(), &options, &|_| {}).await.unwrap()
        };
        assert_eq!(counts(&run(&script(&[1, 2, 3], 1)).await), [3, 3, 0, 0, 0, 0, 0, 0]);
        for ids in [&[2, 3][..], &[]] {
            let failed = run(&format!("{}exit 1", script(ids, 2))).await;
            assert_eq!((failed.status.as_str(), failed.counts.num_removed), ("partial", 0));
        }
        // The version of the first run, repeated with a change only: the other records are still there.
        assert_eq!(counts(&run(&script(&[2], 1)).await), [1, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(counts(&run(&script(&[2], 2)).await), [1, 0, 0, 1, 2, 0, 0, 0]);
    }
}
