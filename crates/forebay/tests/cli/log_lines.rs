//! Log lines go to standard error, never mix with the document on standard output, and repeat nothing.

use serde_json::Value;

use crate::{
    Sandbox,
    database::{database, write_records},
    site::World,
    stored::Stored,
};

const DUE: &str = "update forebay.source_schedules set next_due_at = now() - interval '1 second'";

/// The lines of a text that hold all of the words.
fn with<'a>(text: &'a str, words: &[&str]) -> Vec<&'a str> {
    text.lines().filter(|line| words.iter().all(|word| line.contains(word))).collect()
}

/// Runs a command in human form: what it prints on standard error.
fn stderr(world: &World, line: &str) -> String {
    String::from_utf8(world.db.run(&world.sandbox, line).stderr).unwrap()
}

#[test]
fn log_lines_leave_the_document_alone() {
    let stored = Stored::new();
    stored.write("courses.jsonl", "{\"id\": 1}\n{\"id\": 2}");
    let output = stored
        .command("persist courses.jsonl --source courses --key id --log-level debug --output json")
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["runs"][0]["num_added"], 2);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("run{") && log.contains("source="), "{log}");

    let output = stored
        .command("persist courses.jsonl --source courses --log-level debug --log-format json --output json")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty(), "{log}");
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()), "{log}");
}

#[test]
fn an_unknown_level_is_wrong_usage() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("bad_log_level", sandbox.run("stats --log-level loud"));
    insta::assert_snapshot!("bad_log_level_json", sandbox.run("stats --log-level loud --output json"));
}

#[test]
fn work_logs_held_runs_and_open_breakers_of_scheduled_scrapes_once() {
    let world = World::new();
    world.configure("schedule = \"every 1d\"\nbreaker = { max_consecutive = 2, wait = \"1h\" }");
    world.done("work --drain");
    let due = || {
        world.db.execute(DUE);
        stderr(&world, "work --drain")
    };

    let complete = due();
    let ended = with(&complete, &["INFO run ended as complete", "status=\"complete\"", "num_added=3"]);
    assert_eq!(ended.len(), 1, "{complete}");
    assert!(ended[0].contains("run{run_id=1 source=\"courses\"") && !ended[0].contains("num_removed"));
    assert_eq!(with(&complete, &["complete"]).len(), 1, "one line says so: {complete}");

    world.site.set("/courses", &[], None);
    let held = due();
    assert_eq!(with(&held, &["WARN run ended as held", "reason_code=\"empty_run\""]).len(), 1, "{held}");
    assert_eq!(with(&held, &["held"]).len(), 1, "one line says so: {held}");

    world.site.answer("/courses", 503, "busy");
    // An empty run counts as a failure of the source, so this one is the second in a row.
    let failed = due();
    assert_eq!(with(&failed, &["ERROR run failed"]).len(), 1, "{failed}");
    assert_eq!(
        with(&failed, &["status 503"]).len(),
        2,
        "one line for the page and one for the run: {failed}"
    );
    let opened = with(&failed, &["WARN the breaker changed from closed to open"]);
    assert_eq!(opened.len(), 1, "{failed}");
    assert!(opened[0].contains("reason_code=\"consecutive_failures\""), "{failed}");
    let refused = due();
    assert_eq!(with(&refused, &["scrape refused", "breaker_open"]).len(), 1, "{refused}");
    assert_eq!(with(&refused, &["courses"]).len(), 1, "{refused}");
}

#[test]
fn work_logs_each_claim_and_when_a_failure_is_retried() {
    let (sandbox, db) = (Sandbox::new(), database());
    // The delay is random between zero and this. With a short one the drain could retry before it ends.
    let pipeline = "[pipelines.outside]\nsource = \"courses\"\nhandler = \"exec\"\ncommand = [\"/bin/false\"]\n\
         [pipelines.outside.retry.transient]\nbase_delay = \"12h\"\nmax_delay = \"12h\"\n";
    sandbox.configure(pipeline);
    let file = write_records(&sandbox, "courses.jsonl", [serde_json::json!({"id": 1, "title": "Logic"})]);
    assert!(db.run(&sandbox, &format!("persist {file} --source courses --key id")).status.success());

    let output = db.run(&sandbox, "work --drain --output json");
    let log = String::from_utf8(output.stderr).unwrap();
    let span = "claim{pipeline=\"outside\" num_handoffs=1}";
    assert_eq!(with(&log, &["INFO claimed", span]).len(), 1, "{log}");
    let failed = with(&log, &["WARN deliveries failed and will be retried", span]);
    assert_eq!(failed.len(), 1, "{log}");
    let span = "claim{pipeline=\"documents\" num_handoffs=1}";
    assert_eq!(with(&log, &["INFO claimed", span]).len(), 1, "{log}");
    assert_eq!(with(&log, &["INFO batch ended", span]).len(), 1, "{log}");

    let lines = String::from_utf8(output.stdout).unwrap();
    let mut events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let event = events.find(|event| event["event"] == "failed").unwrap();
    let retry_at = event["retry_at"].as_str().unwrap();
    assert!(failed[0].contains(&format!("retry_at=\"{retry_at}\"")), "{log}");
    assert!(retry_at > event["at"].as_str().unwrap(), "{event}");
}
