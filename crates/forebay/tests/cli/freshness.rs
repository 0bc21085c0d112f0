//! `forebay freshness`: the ledger for operators.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
    site::World,
};

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
    let (exit, unknown) = world.json("freshness --stale --entity professor");
    assert_eq!((exit, &unknown["error"]["code"]), (2, &json!("no_such_entity")));
    let text = world.text("freshness");
    assert!(text.contains("8 d 0 h") && text.contains("failed once since, http_status"), "{text}");
}

#[test]
fn a_complete_persist_is_a_sync() {
    let (db, sandbox) = (database(), Sandbox::new());
    let rooms: Vec<Value> = (0..20).map(|id| json!({ "id": id })).collect();
    write_records(&sandbox, "all.jsonl", rooms.iter().cloned());
    write_records(&sandbox, "few.jsonl", rooms[..2].iter().cloned());
    std::fs::write(sandbox.path().join("torn.jsonl"), "{\"id\": 1}\n{\"id\": \n").unwrap();
    let persist = "persist all.jsonl --source rooms --key id --entity room";
    let listed = |options: &str| entries(&db.json(&sandbox, &format!("freshness {options}")).1);
    // Without --complete, part of the scope may be as old as before.
    assert_eq!(db.json(&sandbox, persist).0, 0);
    assert_eq!(listed(""), []);
    let started = forebay_engine::clock::now();
    assert_eq!(db.json(&sandbox, &format!("{persist} --complete")).0, 0);
    assert_eq!(listed(""), [entry("room", "fresh", 0)]);
    let (exit, ensured) = db.json(&sandbox, "ensure room");
    assert_eq!((exit, &ensured["is_fresh"], &ensured["answered_from"]), (0, &json!(true), &json!("ledger")));
    assert_eq!(ensured["num_records"], 20, "{ensured}");
    let last_sync = || db.json(&sandbox, "freshness").1["items"][0]["last_sync_at"].clone();
    let first = last_sync();
    assert!(first.as_str().unwrap().parse::<jiff::Timestamp>().unwrap() > started, "{first}");

    // An incremental run, a partial one and a held one leave the last sync. Only those that claimed to be complete
    // fail.
    let output = db.run(&sandbox, persist);
    let warnings = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{warnings}");
    assert_eq!(warnings.matches("warning:").count(), 1, "{warnings}");
    assert!(warnings.contains("add --complete (not_complete)"), "{warnings}");
    assert_eq!(listed(""), [entry("room", "fresh", 0)]);
    let torn = "persist torn.jsonl --source rooms --key id --complete --max-rejected 100%";
    assert_eq!(db.json(&sandbox, torn).0, 6);
    assert_eq!(db.json(&sandbox, "persist few.jsonl --source rooms --complete").0, 3);
    assert_eq!((listed(""), last_sync()), (vec![entry("room", "fresh", 2)], first.clone()));
    assert_eq!(db.json(&sandbox, "freshness").1["items"][0]["error"]["code"], "mass_removal");

    // An old observation is an old sync, and never makes an entry older.
    let old = "persist all.jsonl --source attic --key id --entity attic --complete --observed-at 2019-04-14";
    assert_eq!(db.json(&sandbox, old).0, 0);
    assert_eq!(listed("--entity attic"), [entry("attic", "expired", 0)]);
    assert_eq!(db.json(&sandbox, &format!("{persist} --complete")).0, 0);
    assert_eq!(listed("--entity room"), [entry("room", "fresh", 0)]);
    assert!(last_sync() != first);
}

#[test]
fn a_released_run_is_a_sync_of_what_is_active_now() {
    let (db, sandbox) = (database(), Sandbox::new());
    write_records(&sandbox, "all.jsonl", (0..20).map(|id| json!({ "id": id })));
    write_records(&sandbox, "few.jsonl", (0..2).map(|id| json!({ "id": id })));
    let listed = || entries(&db.json(&sandbox, "freshness").1);
    let line = |file: &str| format!("persist {file}.jsonl --source rooms --key id --entity room --complete");
    assert_eq!(db.json(&sandbox, &line("all")).0, 0);
    assert_eq!(db.json(&sandbox, &line("few")).0, 3);
    assert_eq!(listed(), [entry("room", "fresh", 1)]);
    assert_eq!(db.json(&sandbox, "runs release 2 --yes").0, 0);
    assert_eq!(listed(), [entry("room", "fresh", 0)]);
    let (_, ensured) = db.json(&sandbox, "ensure room");
    assert_eq!((&ensured["num_records"], &ensured["run_id"]), (&json!(2), &json!(2)), "{ensured}");
}

#[test]
fn one_of_several_sources_is_no_sync_of_the_others() {
    let (db, sandbox) = (database(), Sandbox::new());
    write_records(&sandbox, "all.jsonl", (0..3).map(|id| json!({ "id": id })));
    let line = |source: &str, options: &str| {
        let line = format!("persist all.jsonl --source {source} --key id --entity room {options}");
        assert_eq!(db.json(&sandbox, &line).0, 0);
    };
    let last_sync = || db.value("select max(last_sync)::date from forebay.sync_metadata");
    line("north", "--observed-at 2019-04-14");
    line("south", "--complete");
    assert_eq!(db.value("select count(*) from forebay.sync_metadata"), "0", "north was never complete");
    line("north", "--complete --observed-at 2019-04-15");
    assert_eq!(last_sync(), "2019-04-15");
    line("south", "--complete");
    assert_eq!(last_sync(), "2019-04-15", "the scope is as old as its oldest part");
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
