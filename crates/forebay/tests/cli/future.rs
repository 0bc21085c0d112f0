//! A source that was observed in the future: refused, and found if it was accepted (`cases/future_observed_at`).

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

fn world() -> (TestDb, Sandbox) {
    let sandbox = Sandbox::new();
    write_records(&sandbox, "a.jsonl", [json!({ "id": 1, "v": "a" })]);
    write_records(&sandbox, "b.jsonl", [json!({ "id": 1, "v": "b" })]);
    (database(), sandbox)
}

fn check(db: &TestDb, sandbox: &Sandbox) -> (i32, Value) {
    let (exit, doctor) = db.json(sandbox, "doctor");
    let checks = doctor["checks"].as_array().unwrap();
    (exit, checks.iter().find(|check| check["code"] == "observed_in_future").unwrap().clone())
}

#[test]
fn a_time_far_ahead_of_the_server_is_refused() {
    let (db, sandbox) = world();
    let year = db.value("extract(year from now())");
    let (exit, error) = db.json(&sandbox, "persist a.jsonl --source s --key id --observed-at 2062-01-01");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("observed_in_future")), "{error}");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("2062-01-01") && message.contains(&format!("at {year}-")), "{message}");
    assert!(error["error"]["hint"].as_str().unwrap().contains("--allow-future"), "{error}");
    assert_eq!(db.value("select count(*) from forebay.scrape_runs"), "0");
    assert_eq!(db.value("select count(*) from pg_class where relname like 'reference_revisions_2062%'"), "0");

    // Clocks and time zones differ by less than a day.
    let near = db.value("to_char(now() + interval '23 hours', 'YYYY-MM-DD\"T\"HH24:MI:SSOF')");
    let (exit, report) =
        db.json(&sandbox, &format!("persist b.jsonl --source s --key id --observed-at {near}:00"));
    assert_eq!(exit, 0, "{report}");
    assert_eq!(report["runs"][0]["num_added"], 1);
    assert_eq!(check(&db, &sandbox).1["status"], "ok");
}

#[test]
fn a_source_that_is_ahead_is_found() {
    let (db, sandbox) = world();
    let line = "persist a.jsonl --source s --key id --complete --observed-at 2062-01-01 --allow-future";
    assert_eq!(db.json(&sandbox, line).0, 0);
    let (exit, error) = db.json(&sandbox, "persist b.jsonl --source s --key id --complete");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("observed_out_of_order")), "{error}");
    let (exit, found) = check(&db, &sandbox);
    assert_eq!((exit, &found["status"], &found["subject"]), (1, &json!("failed"), &json!("s")), "{found}");
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("run 1 of s") && message.contains("2062-01-01"), "{found}");
    let next = found["next"].as_str().unwrap();
    assert_eq!(db.json(&sandbox, next.strip_prefix("forebay ").unwrap()).0, 0, "{next}");
}

#[test]
fn reverting_a_run_from_the_future_repairs_the_source_and_its_history() {
    let (db, sandbox) = world();
    write_records(&sandbox, "c.jsonl", [json!({ "id": 1, "v": "c" })]);
    write_records(&sandbox, "new.jsonl", [json!({ "id": 1, "v": "b" }), json!({ "id": 2, "v": "new" })]);
    let persist = |file: &str, more: &str| {
        let (exit, report) = db.json(&sandbox, &format!("persist {file} --source s --key id {more}"));
        assert_eq!(exit, 0, "{report}");
    };
    persist("a.jsonl", "--complete --observed-at 2020-01-01");
    persist("new.jsonl", "--complete --observed-at 2062-01-01 --allow-future");
    let (exit, reverted) = db.json(&sandbox, "runs revert latest --yes");
    assert_eq!(exit, 0, "{reverted}");
    assert_eq!(check(&db, &sandbox).1["status"], "ok");
    persist("c.jsonl", "--complete");
    let now = db.value("to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    let at = |at: &str| -> Vec<String> {
        let rows = format!(
            "coalesce(string_agg(record_key || (payload ->> 'v'), ' ' order by record_key), '') \
             from forebay.source_at('s', '{at}')"
        );
        db.value(&format!("select {rows}")).split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(at(&now), ["1c"], "as it is now");
    assert_eq!(at("2021-01-01"), ["1a"], "as it was before");
    let times = "select count(*) from forebay.reference_revisions where changed_at > now()";
    assert_eq!(db.value(times), "0");
}
