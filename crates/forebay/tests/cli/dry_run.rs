//! `--dry-run` of `persist` and `scrape`: says what a run would do, and writes nothing.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    site::World,
};

/// Everything that a dry run must leave alone.
fn stored(db: &TestDb) -> Vec<Vec<String>> {
    let tables = db.rows(
        "select c.relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
         where n.nspname = 'forebay' and c.relkind in ('r', 'p') and not c.relispartition order by 1",
    );
    let digest = |table: &str| {
        let text = format!(
            "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from forebay.\"{table}\" as t"
        );
        vec![table.to_owned(), db.value(&text)]
    };
    tables.iter().map(|table| digest(&table[0])).collect()
}

fn course(n: usize, title: &str) -> Value {
    json!({ "id": format!("C-{n:02}"), "title": title, "room": "B12" })
}

fn changes<'a>(run: &'a Value, change: &str) -> Vec<&'a str> {
    let samples = run["samples"].as_array().unwrap().iter();
    samples.filter(|one| one["change"] == change).map(|one| one["record_key"].as_str().unwrap()).collect()
}

#[test]
fn a_dry_run_says_what_the_run_then_does() {
    let (sandbox, db) = (Sandbox::new(), database());
    let before = stored(&db);
    let file = write_records(&sandbox, "first.jsonl", (0..40).map(|n| course(n, "old")));
    let line = format!("persist {file} --source courses --key id --complete");
    let (exit, dry) = db.json(&sandbox, &format!("{line} --dry-run"));
    assert_eq!((exit, &dry["dry_runs"][0]["num_added"]), (0, &json!(40)), "{dry}");
    assert_eq!(stored(&db), before, "the source is not even declared");
    assert_eq!(db.json(&sandbox, &line).0, 0);

    // Two updates, one addition, one removal, a duplicate and a rejected record.
    let mut records: Vec<Value> = (1..40).map(|n| course(n, if n < 3 { "new" } else { "old" })).collect();
    records.extend([course(50, "added"), course(50, "again")]);
    let file = write_records(&sandbox, "second.jsonl", records);
    let line = format!("persist {file} --source courses --complete");
    let before = stored(&db);
    let (exit, dry) = db.json(&sandbox, &format!("{line} -n"));
    assert_eq!(stored(&db), before);
    let dry = &dry["dry_runs"][0];
    assert_eq!((exit, &dry["status"]), (0, &json!("complete")), "{dry}");
    assert_eq!(changes(dry, "added"), ["C-50"]);
    assert_eq!(changes(dry, "removed"), ["C-00"]);
    let mut updated = changes(dry, "updated");
    updated.sort_unstable();
    assert_eq!(updated, ["C-01", "C-02"]);
    let names = dry["samples"].as_array().unwrap().iter().find(|one| one["change"] == "updated").unwrap();
    assert_eq!(names["field_names"], json!(["title"]));
    let (_, done) = db.json(&sandbox, &line);
    let done = &done["runs"][0];
    for count in [
        "num_seen",
        "num_added",
        "num_updated",
        "num_unchanged",
        "num_removed",
        "num_duplicate",
        "num_rejected",
    ] {
        assert_eq!(dry[count], done[count], "{count}");
    }
    assert_eq!(dry["status"], done["status"]);
}

#[test]
fn a_dry_run_says_what_the_guards_would_withhold() {
    let (sandbox, db) = (Sandbox::new(), database());
    let all = write_records(&sandbox, "all.jsonl", (0..40).map(|n| course(n, "old")));
    assert_eq!(db.json(&sandbox, &format!("persist {all} --source courses --key id --complete")).0, 0);
    let few = write_records(&sandbox, "few.jsonl", (0..5).map(|n| course(n, "old")));
    let line = format!("persist {few} --source courses --complete");
    let before = stored(&db);
    let (exit, dry) = db.json(&sandbox, &format!("{line} --dry-run"));
    let dry = &dry["dry_runs"][0];
    assert_eq!((exit, &dry["status"], &dry["num_withheld"]), (3, &json!("held"), &json!(35)), "{dry}");
    let (_, text) = db.text(&sandbox, &format!("{line} --dry-run"));
    assert!(text.contains("35 of these withheld") && text.contains("nothing was written"), "{text}");
    assert_eq!(stored(&db), before);
    let (exit, _) = db.json(&sandbox, &line);
    assert_eq!(exit, 3);
    let (exit, _) = db.json(&sandbox, "persist missing.jsonl --source courses -n");
    assert_eq!(exit, 2);
}

#[test]
fn a_dry_scrape_fetches_and_writes_nothing() {
    let world = World::new();
    world.done("scrape");
    world.site.set("/courses", &[("1", "Changed")], None);
    let before = stored(&world.db);
    let (exit, dry) = world.json("scrape --dry-run");
    let dry = &dry["dry_runs"][0];
    assert!(exit == 0 || exit == 3, "{dry}");
    assert_eq!(dry["source"], "courses");
    assert!(dry["num_updated"] == 1 || dry["num_added"] == 1, "{dry}");
    assert_eq!(stored(&world.db), before);
}
