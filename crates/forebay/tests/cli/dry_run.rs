//! `--dry-run` of `persist` and `scrape`: says what a run would do, and writes nothing.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
    site::World,
};

fn course(n: usize, title: &str) -> Value {
    json!({ "id": format!("C-{n:02}"), "title": title, "room": "B12" })
}

/// The keys of the samples of a kind, sorted.
fn changes<'a>(run: &'a Value, change: &str) -> Vec<&'a str> {
    let samples = run["samples"].as_array().unwrap().iter();
    let mut keys: Vec<&str> = samples
        .filter(|one| one["change"] == change)
        .map(|one| one["record_key"].as_str().unwrap())
        .collect();
    keys.sort_unstable();
    keys
}

/// Checks that a dry run and the run after it end alike, with the same counts.
fn assert_same(dry: &Value, done: &Value) {
    for field in [
        "status",
        "num_seen",
        "num_added",
        "num_updated",
        "num_unchanged",
        "num_removed",
        "num_restored",
        "num_withheld",
        "num_duplicate",
        "num_rejected",
    ] {
        assert!(done.get(field).is_some(), "no {field} in {done}");
        assert_eq!(dry[field], done[field], "{field}");
    }
}

#[test]
fn a_dry_run_says_what_the_run_then_does() {
    let (sandbox, db) = (Sandbox::new(), database());
    let before = db.digests();
    let file = write_records(&sandbox, "first.jsonl", (0..40).map(|n| course(n, "old")));
    let line = format!("persist {file} --source courses --key id --complete");
    let (exit, dry) = db.json(&sandbox, &format!("{line} --dry-run"));
    assert_eq!((exit, &dry["dry_runs"][0]["num_added"]), (0, &json!(40)), "{dry}");
    assert_eq!(db.digests(), before, "the source is not even declared");
    assert_eq!(db.json(&sandbox, &line).0, 0);

    // Two updates, one addition, one removal and a duplicate.
    let mut records: Vec<Value> = (1..40).map(|n| course(n, if n < 3 { "new" } else { "old" })).collect();
    records.extend([course(50, "added"), course(50, "again")]);
    let file = write_records(&sandbox, "second.jsonl", records);
    let line = format!("persist {file} --source courses --complete");
    let before = db.digests();
    let (exit, dry) = db.json(&sandbox, &format!("{line} -n"));
    assert_eq!(db.digests(), before);
    let dry = &dry["dry_runs"][0];
    assert_eq!((exit, &dry["status"]), (0, &json!("complete")), "{dry}");
    assert_eq!(changes(dry, "added"), ["C-50"]);
    assert_eq!(changes(dry, "removed"), ["C-00"]);
    assert_eq!(changes(dry, "updated"), ["C-01", "C-02"]);
    let names = dry["samples"].as_array().unwrap().iter().find(|one| one["change"] == "updated").unwrap();
    assert_eq!(names["field_names"], json!(["title"]));
    let (_, done) = db.json(&sandbox, &line);
    assert_same(dry, &done["runs"][0]);

    // A record that comes back, and one that is rejected.
    let file = write_records(&sandbox, "third.jsonl", [course(0, "old"), json!({ "title": "no key" })]);
    let line = format!("persist {file} --source courses");
    let before = db.digests();
    let (exit, dry) = db.json(&sandbox, &format!("{line} -n"));
    assert_eq!(db.digests(), before);
    let dry = &dry["dry_runs"][0];
    assert_eq!(dry["num_rejected"], 1, "{dry}");
    assert_eq!(changes(dry, "restored"), ["C-00"]);
    let (exit_of_run, done) = db.json(&sandbox, &line);
    assert_eq!((exit, exit_of_run), (6, 6));
    assert_same(dry, &done["runs"][0]);
}

#[test]
fn a_dry_run_says_what_the_guards_would_withhold() {
    let (sandbox, db) = (Sandbox::new(), database());
    let all = write_records(&sandbox, "all.jsonl", (0..40).map(|n| course(n, "old")));
    assert_eq!(db.json(&sandbox, &format!("persist {all} --source courses --key id --complete")).0, 0);
    let few = write_records(&sandbox, "few.jsonl", (0..5).map(|n| course(n, "old")));
    let line = format!("persist {few} --source courses --complete");
    let before = db.digests();
    let (exit, dry) = db.json(&sandbox, &format!("{line} --dry-run"));
    let dry = &dry["dry_runs"][0];
    assert_eq!((exit, &dry["status"], &dry["num_withheld"]), (3, &json!("held"), &json!(35)), "{dry}");
    let (_, text) = db.text(&sandbox, &format!("{line} --dry-run"));
    assert!(text.contains("35 of these withheld") && text.contains("nothing was written"), "{text}");
    assert_eq!(db.digests(), before);
    let (exit, done) = db.json(&sandbox, &line);
    // A dry run also counts what is withheld as removed; the run doesn't.
    let done = &done["runs"][0];
    assert_eq!((exit, &done["status"], &done["num_withheld"]), (3, &json!("held"), &json!(35)), "{done}");
    assert_eq!((&dry["num_removed"], &done["num_removed"]), (&json!(35), &json!(0)));
    let (exit, _) = db.json(&sandbox, "persist missing.jsonl --source courses -n");
    assert_eq!(exit, 2);
}

#[test]
fn a_dry_scrape_fetches_and_writes_nothing() {
    let world = World::new();
    world.done("scrape");
    world.site.set("/courses", &[("1", "Changed")], None);
    let before = world.db.digests();
    let (exit, dry) = world.json("scrape --dry-run");
    assert_eq!(world.db.digests(), before);
    let dry = &dry["dry_runs"][0];
    assert_eq!((exit, &dry["source"], &dry["status"]), (0, &json!("courses"), &json!("complete")), "{dry}");
    assert_eq!((changes(dry, "updated"), changes(dry, "removed")), (vec!["1"], vec!["2", "3"]), "{dry}");
    assert_same(dry, &world.done("scrape")["runs"][0]);
}
