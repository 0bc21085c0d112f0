//! `forebay freshness`: the ledger for operators.

use serde_json::{Value, json};

use crate::site::World;

fn entries(document: &Value) -> Vec<(String, String, u64)> {
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let failures = |entry: &Value| entry["num_failures"].as_u64().unwrap();
    let entries = document["items"].as_array().unwrap();
    entries.iter().map(|it| (text(it, "entity_type"), text(it, "freshness"), failures(it))).collect()
}

fn entry(entity: &str, freshness: &str, num_failures: u64) -> (String, String, u64) {
    (entity.to_owned(), freshness.to_owned(), num_failures)
}

#[test]
fn scopes_that_are_due_failing_or_never_synced_are_stale() {
    let world = World::new();
    assert_eq!(entries(&world.done("freshness")), []);
    assert_eq!(entries(&world.done("freshness --stale")), [entry("course", "never", 0)]);
    insta::assert_snapshot!("freshness_never", world.text("freshness --stale"));

    world.done("ensure course");
    assert_eq!(entries(&world.done("freshness")), [entry("course", "fresh", 0)]);
    assert_eq!(entries(&world.done("freshness --stale")), []);
    insta::assert_snapshot!("freshness_nothing", world.text("freshness --stale"));

    // Its age counts from its last sync, not from later attempts.
    world.db.execute("update forebay.sync_metadata set last_sync = now() - interval '8 days'");
    world.site.answer("/courses", 500, "");
    world.done("ensure course");
    let stale = world.done("freshness --stale --entity course");
    assert_eq!(entries(&stale), [entry("course", "stale_if_error", 1)]);
    let failing = &stale["items"][0];
    assert_eq!((&failing["error"]["code"], &failing["source"]), (&json!("http_status"), &json!("courses")));
    assert!(failing["age_seconds"].as_u64().unwrap() >= 8 * 86_400);
    assert_eq!(entries(&world.done("freshness --stale --entity professor")), []);
    let text = world.text("freshness");
    assert!(text.contains("8 d 0 h") && text.contains("failed once since, http_status"), "{text}");
}

#[test]
fn a_failed_scrape_is_recorded() {
    let world = World::new();
    world.site.answer("/courses", 500, "");
    assert_eq!(world.json("scrape").0, 5);
    let never = world.done("freshness --stale");
    assert_eq!(entries(&never), [entry("course", "never", 1)]);
    assert_eq!(never["items"][0]["error"]["code"], "http_status");
    // Callers may still try, and a sync clears the failures.
    world.site.set("/courses", &[("1", "Logic")], None);
    assert_eq!(world.done("ensure course")["answered_from"], "scrape");
    assert_eq!(entries(&world.done("freshness")), [entry("course", "fresh", 0)]);
    // A later failure does not change the last sync.
    let last_sync = world.done("freshness")["items"][0]["last_sync_at"].clone();
    world.site.answer("/courses", 404, "");
    assert_eq!(world.json("scrape").0, 1);
    let failing = world.done("freshness --stale");
    assert_eq!(entries(&failing), [entry("course", "fresh", 1)]);
    assert_eq!(failing["items"][0]["last_sync_at"], last_sync);
}

#[test]
fn a_limited_list_continues_on_the_next_page() {
    let world = World::new();
    world.db.execute(
        "insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync) \
         select 'room', 'floor=' || n, 'success', 1, now() - interval '1 year' from generate_series(1, 5) as n",
    );
    let some = world.done("freshness --limit 3");
    assert_eq!((entries(&some).len(), some["next"].is_null()), (3, false));
    let rest = world.done(&format!("freshness --limit 3 --after {}", some["next"].as_str().unwrap()));
    assert_eq!((entries(&rest).len(), rest["next"].is_null()), (2, true));
    let all = world.done("freshness --limit 5");
    assert_eq!((entries(&all).len(), all["next"].is_null()), (5, true));
}
