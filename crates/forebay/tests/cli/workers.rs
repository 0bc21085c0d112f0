//! Workers: real processes that are listed, named by what they hold, killed and released.

use std::{fs, os::unix::fs::PermissionsExt, thread, time::Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    json::schema_problems,
    shown,
    site::{PATIENCE, POLL},
    worker::Worker,
};

/// One hand-off to a command that never answers, and one to the built-in documents.
fn slow(sandbox: &Sandbox) -> TestDb {
    let config =
        "[pipelines.slow]\nsource = \"courses\"\nhandler = \"exec\"\ncommand = [\"sleep\", \"600\"]\n";
    sandbox.configure(config);
    let db = database();
    let file = write_records(sandbox, "courses.jsonl", [json!({ "id": "a" })]);
    let output = db.run(sandbox, &format!("persist {file} --source courses --key id"));
    assert!(output.status.success(), "{}", shown(&output));
    db
}

fn only(page: &Value) -> &Value {
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    &page["items"][0]
}

#[test]
fn a_killed_worker_is_seen_and_what_it_held_is_released() {
    let sandbox = Sandbox::new();
    let db = slow(&sandbox);
    let (_, none) = db.json(&sandbox, "workers");
    assert_eq!(none, json!({ "items": [], "next": null }));
    let mut worker = Worker::start(&sandbox, &db.url, "work --pipeline slow");
    db.wait_for("select count(*) from forebay.ingestion_claims", "1");
    db.wait_for("select count(*) from forebay.workers where pipelines = '{slow}'", "1");
    let name = db.value("select worker from forebay.workers");
    // Another container may have the same host name and process id.
    let (machine, random) = name.rsplit_once(':').unwrap();
    let host = rustix::system::uname();
    assert_eq!(machine, format!("{}:{}", host.nodename().to_string_lossy(), worker.0.id()));
    assert!(random.len() == 5 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");

    let (exit, page) = db.json(&sandbox, "workers");
    let row = only(&page);
    assert_eq!((exit, &row["worker"], &row["pid"]), (0, &json!(name), &json!(worker.0.id())));
    assert_eq!((&row["state"], &row["pipelines"]), (&json!("working"), &json!(["slow"])), "{row}");
    assert_eq!((&row["num_claims"], &row["num_handoffs"]), (&json!(1), &json!(1)), "{row}");
    assert_eq!(row["version"], env!("CARGO_PKG_VERSION"));
    assert!(row["clock_skew_ms"].as_i64().unwrap().abs() < 5_000, "{row}");
    let (_, page) = db.json(&sandbox, "workers list --pipeline documents");
    assert_eq!(page["items"], json!([]));
    let (_, text) = db.text(&sandbox, "workers");
    assert!(text.contains(&name), "{text}");
    let (_, text) = db.text(&sandbox, "handoffs show courses/a");
    assert!(text.contains(&format!("job: claimed by {name} until 2")), "{text}");
    assert!(text.contains(&format!("workers: {name}")), "{text}");
    assert!(text.contains("workers: none is at work for this pipeline"), "of documents: {text}");

    let (exit, refused) = db.json(&sandbox, &format!("workers release {name}"));
    assert_eq!((exit, &refused["error"]["code"]), (1, &json!("worker_alive")), "{refused}");
    let (exit, unknown) = db.json(&sandbox, &format!("workers release {name}x"));
    assert_eq!((exit, &unknown["error"]["code"]), (2, &json!("no_such_worker")));
    assert_eq!(unknown["error"]["hint"], format!("did you mean `{name}`?"));

    worker.signal(Signal::KILL);
    worker.exit();
    // Not waiting for half a minute.
    db.execute("update forebay.workers set last_seen_at = now() - interval '31 seconds'");
    let (_, page) = db.json(&sandbox, "workers");
    assert_eq!(only(&page)["state"], "dead");
    let (_, doctor) = db.json(&sandbox, "doctor");
    let check = doctor["checks"].as_array().unwrap().iter().find(|check| check["code"] == "workers").unwrap();
    assert_eq!((&check["status"], &check["subject"]), (&json!("warning"), &json!(name)), "{check}");
    assert_eq!(check["next"], format!("forebay workers release {name}"));
    let (exit, released) = db.json(&sandbox, &format!("workers release {name}"));
    assert_eq!((exit, &released["num_retrying"]), (0, &json!(1)), "{released}");
    assert_eq!(schema_problems("workers release", &released), Vec::<String>::new());
    assert_eq!(
        db.value("select reason_code from forebay.handoff_status where pipeline = 'slow'"),
        "lease_lost"
    );
    assert_eq!(db.value("select count(*) from forebay.ingestion_claims"), "0");
    let (_, page) = db.json(&sandbox, "workers");
    assert_eq!(page["items"], json!([]));
}

#[test]
fn a_worker_that_stops_normally_leaves_no_row() {
    let sandbox = Sandbox::new();
    let db = slow(&sandbox);
    let mut worker = Worker::start(&sandbox, &db.url, "work --pipeline slow --grace 2s");
    db.wait_for("select count(*) from forebay.ingestion_claims", "1");
    db.wait_for("select count(*) from forebay.workers", "1");
    worker.signal(Signal::TERM);
    db.wait_for("select string_agg(state, ' ') from forebay.workers", "stopping");
    assert_eq!(worker.exit(), Some(130));
    assert_eq!(db.value("select count(*) from forebay.workers"), "0");
    assert_eq!(db.value("select count(*) from forebay.ingestion_claims"), "0");
    let output = db.run(&sandbox, "work --drain --pipeline documents");
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(db.value("select count(*) from forebay.workers"), "0");

    // Stopped twice, in the middle of a batch.
    let mut worker = Worker::start(&sandbox, &db.url, "work --drain --pipeline slow");
    db.wait_for("select count(*) from forebay.ingestion_claims", "1");
    worker.signal(Signal::INT);
    db.wait_for("select string_agg(state, ' ') from forebay.workers", "stopping");
    worker.signal(Signal::INT);
    assert_eq!(worker.exit(), Some(130));
    assert_eq!(db.value("select count(*) from forebay.workers"), "0");
    assert_eq!(db.value("select count(*) from forebay.ingestion_claims"), "0");
}

#[test]
fn a_drain_that_is_stopped_lets_deliveries_finish_and_returns_the_rest() {
    let sandbox = Sandbox::new();
    // One ends as soon as the file `go` exists, the others never do.
    let script = "if grep -q '\"record_key\":\"a\"'; then touch begun; until [ -e go ]; do sleep 0.05; done; exit 1; fi; sleep 600";
    let argv = serde_json::to_string(&["sh", "-c", script]).unwrap();
    sandbox.configure(&format!(
        "[pipelines.slow]\nsource = \"courses\"\nhandler = \"exec\"\nbatch = 1\nconcurrency = 2\ncommand = {argv}\n"
    ));
    let db = database();
    let file = write_records(&sandbox, "courses.jsonl", ["a", "b", "c"].map(|id| json!({ "id": id })));
    let output = db.run(&sandbox, &format!("persist {file} --source courses --key id"));
    assert!(output.status.success(), "{}", shown(&output));
    // What is claimed first is not known.
    db.execute(
        "update forebay.ingestion_handoffs as h set priority = 1 from forebay.\"references\" as r \
         where r.reference_id = h.reference_id and r.record_key = 'c'",
    );
    let mut worker = Worker::start(&sandbox, &db.url, "work --drain --pipeline slow --grace 3s");
    let of = "from forebay.ingestion_handoffs join forebay.pipelines as p using (pipeline_id) where p.name = 'slow'";
    db.wait_for(&format!("select count(receipt) >= 2 {of}"), "true");
    let deadline = Instant::now() + PATIENCE;
    while !sandbox.path().join("begun").exists() {
        assert!(Instant::now() < deadline, "the command does not start");
        thread::sleep(POLL);
    }
    worker.signal(Signal::TERM);
    db.wait_for("select string_agg(state, ' ') from forebay.workers", "stopping");
    fs::write(sandbox.path().join("go"), "").unwrap();
    assert_eq!(worker.exit(), Some(130));
    let ended = format!("select string_agg(state || ' ' || attempt, ', ' order by state, attempt) {of}");
    assert_eq!(db.value(&ended), "pending 0, pending 0, retrying 1");
    assert_eq!(
        db.value("select string_agg(failure_class, ' ') from forebay.ingestion_attempts"),
        "transient"
    );
    assert_eq!(db.value("select count(*) from forebay.workers"), "0");
    assert_eq!(db.value("select count(*) from forebay.ingestion_claims"), "0");
}

#[test]
fn a_pipeline_that_its_worker_cannot_open_is_not_worked_for() {
    let sandbox = Sandbox::new();
    let program = sandbox.path().join("ingest.sh");
    sandbox.configure(&format!(
        "[pipelines.slow]\nsource = \"courses\"\nhandler = \"exec\"\ncommand = [{:?}]\n",
        program.display().to_string()
    ));
    let db = database();
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a" })]);
    let output = db.run(&sandbox, &format!("persist {file} --source courses --key id"));
    assert!(output.status.success(), "{}", shown(&output));
    let _worker = Worker::start(&sandbox, &db.url, "work");
    let served = "select coalesce(string_agg(pipelines::text, ' '), '') from forebay.workers";
    db.wait_for(served, "{documents}");
    db.execute("update forebay.ingestion_handoffs set not_before = now() - interval '1 hour'");
    let (_, doctor) = db.json(&sandbox, "doctor");
    let checks = doctor["checks"].as_array().unwrap();
    let check =
        checks.iter().find(|check| check["code"] == "no_worker").unwrap_or_else(|| panic!("{doctor}"));
    assert_eq!(check["subject"], "slow");

    fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    db.wait_for(served, "{documents,slow}");
}

#[test]
fn forced_releases_and_hostile_names() {
    let sandbox = Sandbox::new();
    let db = slow(&sandbox);
    db.execute("update forebay.pipelines set handler = 'external' where name = 'slow'");
    let claimed = "select count(*) from forebay.claim_jobs('slow', worker => E'ind\\x1b[31mexer\\nx\\u202e')";
    assert_eq!(db.value(claimed), "1");
    for line in ["workers", "handoffs show courses/a", "doctor --verbose", "workers release nobody"] {
        let output = db.run(&sandbox, line);
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{line}: {text:?}");
        }
    }
    let (_, text) = db.text(&sandbox, "workers");
    assert!(text.contains("ind\u{fffd}[31mexer x"), "{text}");
    db.execute("update forebay.ingestion_claims set worker = 'indexer'; update forebay.workers set worker = 'indexer'");
    let (exit, refused) = db.json(&sandbox, "workers release indexer");
    assert_eq!((exit, &refused["error"]["code"]), (1, &json!("worker_alive")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("its lease ends at"), "{refused}");
    let (exit, text) = db.text(&sandbox, "workers release indexer --force");
    assert_eq!((exit, text.trim()), (0, "indexer: 1 hand-off waits for a retry"));
    let (_, page) = db.json(&sandbox, "workers");
    assert_eq!(only(&page)["num_handoffs"], 0, "it may be alive");
}
