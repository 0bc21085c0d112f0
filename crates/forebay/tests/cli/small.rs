//! What operators type daily: the latest run, the last lines, one scope, one failure code, and names that don't exist.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    site::source,
};

fn persist(db: &TestDb, sandbox: &Sandbox, semester: &str, ids: &[&str]) -> i64 {
    let file = write_records(sandbox, "some.jsonl", ids.iter().map(|id| json!({ "id": id, "title": id })));
    let line =
        format!("persist {file} --source courses --key id --entity course --scope semester={semester}");
    let (exit, document) = db.json(sandbox, &line);
    assert_eq!(exit, 0, "{document}");
    document["runs"][0]["run_id"].as_i64().unwrap()
}

/// Exit code, error code and hint of a command that fails.
fn error(db: &TestDb, sandbox: &Sandbox, line: &str) -> (i32, String, String) {
    let (exit, document) = db.json(sandbox, line);
    let text = |name: &str| document["error"][name].as_str().unwrap_or_default().to_owned();
    (exit, text("code"), text("hint"))
}

#[test]
fn the_latest_run_needs_no_id() {
    let (sandbox, db) = (Sandbox::new(), database());
    for command in ["show", "logs", "diff", "release", "reject", "rekey", "revert"] {
        let (exit, code, _) = error(&db, &sandbox, &format!("runs {command} latest"));
        assert_eq!((exit, code.as_str()), (2, "no_such_run"), "{command}");
    }
    persist(&db, &sandbox, "fall", &["a"]);
    let last = persist(&db, &sandbox, "spring", &["b"]);
    let (exit, shown) = db.json(&sandbox, "runs show latest");
    assert_eq!((exit, &shown["run"]["run_id"]), (0, &json!(last)));
    let (exit, reverted) = db.json(&sandbox, "runs revert latest -n");
    assert_eq!((exit, &reverted["run"]["run_id"]), (0, &json!(last)), "{reverted}");
    assert_eq!(db.run(&sandbox, "runs show last").status.code(), Some(2));
}

#[test]
fn runs_are_listed_since_a_time() {
    let (sandbox, db) = (Sandbox::new(), database());
    let early = persist(&db, &sandbox, "fall", &["a"]);
    let late = persist(&db, &sandbox, "spring", &["b"]);
    db.execute(&format!(
        "update forebay.scrape_runs set started_at = now() - interval '3 days', \
             ended_at = now() - interval '3 days' where run_id = {early}"
    ));
    let ids = |line: &str| -> Vec<i64> {
        let (_, page) = db.json(&sandbox, line);
        page["items"].as_array().unwrap().iter().map(|run| run["run_id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids("runs list --since 2h"), [late]);
    assert_eq!(ids("runs list --since 4d"), [late, early]);
    assert_eq!(db.run(&sandbox, "runs list --since soon").status.code(), Some(2));
}

#[test]
fn the_last_lines_of_a_log() {
    let (sandbox, db) = (Sandbox::new(), database());
    let run = persist(&db, &sandbox, "fall", &["a"]);
    db.execute(&format!(
        "select forebay_private.ensure_month('scrape_logs', date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'); \
         insert into forebay.scrape_logs (run_id, logged_at, level, message, metadata) \
         select {run}, now(), case when n % 2 = 0 then 'warn' else 'info' end, 'line ' || n, '{{}}' \
         from generate_series(1, 10) as n"
    ));
    let lines = |line: &str| -> Vec<String> {
        let (exit, page) = db.json(&sandbox, line);
        assert_eq!((exit, &page["next"]), (0, &Value::Null), "{page}");
        let text = |line: &Value| line["message"].as_str().unwrap().to_owned();
        page["items"].as_array().unwrap().iter().map(text).collect()
    };
    assert_eq!(lines("runs logs latest --tail 2"), ["line 9", "line 10"]);
    assert_eq!(lines("runs logs latest --tail 2 --level warn"), ["line 8", "line 10"]);
    assert_eq!(lines("runs logs latest --tail 2 --grep nothing"), [] as [&str; 0]);
    assert_eq!(lines("runs logs latest --tail 100").len(), 10);
    assert_eq!(lines("runs logs latest --tail 1 --follow"), ["line 10"]);
    assert_eq!(db.run(&sandbox, "runs logs latest --tail 2 --limit 2").status.code(), Some(2));
}

#[test]
fn one_scope_is_exported() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, "fall", &["a", "b"]);
    persist(&db, &sandbox, "spring", &["c"]);
    let (exit, fall) = db.json(&sandbox, "export --source courses --scope semester=fall");
    assert_eq!((exit, fall), (0, json!([{ "id": "a", "title": "a" }, { "id": "b", "title": "b" }])));
    let (_, later) = db.json(&sandbox, "export --source courses --scope semester=fall --at 2100-01-01");
    assert_eq!(later.as_array().unwrap().len(), 2);
    let (exit, code, hint) = error(&db, &sandbox, "export --source courses --scope semester=sprng");
    assert_eq!((exit, code.as_str()), (2, "no_such_scope"));
    assert!(hint.contains("did you mean `semester=spring`"), "{hint}");
    assert_eq!(db.run(&sandbox, "export --scope semester=fall").status.code(), Some(2), "without a source");
}

const INDEX: &str =
    "[pipelines.index]\nsource = \"courses\"\nhandler = \"documents\"\nfields = [\"title\"]\n";

#[test]
fn hand_offs_are_chosen_by_failure_code() {
    let (sandbox, db) = (Sandbox::new(), database());
    sandbox.configure(INDEX);
    persist(&db, &sandbox, "fall", &["a", "b", "c"]);
    let (exit, page) = db.json(&sandbox, "handoffs list --failure-code webhook_gone");
    assert_eq!((exit, &page["items"]), (0, &json!([])), "a code of Forebay's own handlers");
    let (exit, code, hint) = error(&db, &sandbox, "handoffs list --failure-code isbn_wrong");
    assert_eq!((exit, code.as_str(), hint.as_str()), (2, "no_such_code", "there are no failure codes yet"));
    db.execute(
        "with gone as ( \
             delete from forebay.ingestion_handoffs as h using forebay.\"references\" as r \
             where r.reference_id = h.reference_id and r.record_key < 'c' returning h.*, r.record_key) \
         insert into forebay.ingestion_outcomes (reference_id, pipeline_id, payload_hash, version, generation, state, \
             change, reason_code, num_attempts, enqueued_at, failure_code) \
         select reference_id, pipeline_id, payload_hash, version, generation, 'failed', change, 'permanent', 1, \
             enqueued_at, case when record_key = 'a' then 'webhook_gone' else 'webhook_refused' end \
         from gone",
    );
    let (exit, page) = db.json(&sandbox, "handoffs list --pipeline index --failure-code webhook_gone");
    assert_eq!((exit, page["items"].as_array().map(Vec::len)), (0, Some(1)), "{page}");
    assert_eq!(page["items"][0]["record_key"], "a");
    for command in ["list", "retry -n", "cancel -n", "hold -n", "release -n", "snooze --not-before 2h -n"] {
        for option in ["--failure-code", "--reason-code"] {
            let line = format!("handoffs {command} {option} webhook_gne");
            let (exit, code, hint) = error(&db, &sandbox, &line);
            assert_eq!((exit, code.as_str()), (2, "no_such_code"), "{line}");
            assert_eq!(hint, "did you mean `webhook_gone`?", "{line}");
        }
    }
    let (_, _, hint) = error(&db, &sandbox, "handoffs list --failure-code x");
    assert_eq!(hint, "the failure codes are `webhook_gone`, `webhook_refused`");
    let (exit, retried) = db.json(&sandbox, "handoffs retry --pipeline index --failure-code webhook_refused");
    assert_eq!((exit, &retried["num_done"]), (0, &json!(1)), "{retried}");
    let (exit, again) = db.json(&sandbox, "handoffs retry --pipeline index --failure-code webhook_refused");
    assert_eq!((exit, &again["num_done"]), (0, &json!(0)), "nothing is left to retry: {again}");
    // A code of a command, of which only the attempt is left.
    db.execute(
        "insert into forebay.ingestion_attempts \
             (reference_id, pipeline_id, payload_hash, attempt, failure_class, reason_code, message) \
         select reference_id, pipeline_id, payload_hash, 1, 'permanent', 'isbn_wrong', 'no' \
         from forebay.handoffs limit 1",
    );
    assert_eq!(db.json(&sandbox, "handoffs list --failure-code isbn_wrong").1["items"], json!([]));
    let listed = db.run(&sandbox, "handoffs list --pipeline index --failure-code webhook_gone");
    let note = String::from_utf8(listed.stderr).unwrap();
    let retry = "forebay handoffs retry --state failed --pipeline index --failure-code webhook_gone";
    assert!(note.contains(retry), "{note}");
}

#[test]
fn unknown_entity_types_are_wrong_usage() {
    let (sandbox, db) = (Sandbox::new(), database());
    let (exit, code, hint) = error(&db, &sandbox, "freshness --entity course");
    assert_eq!((exit, code.as_str(), hint.as_str()), (2, "no_such_entity", "there are no entity types yet"));
    persist(&db, &sandbox, "fall", &["a"]);
    let (exit, code, hint) = error(&db, &sandbox, "freshness --entity corse");
    assert_eq!((exit, code.as_str(), hint.as_str()), (2, "no_such_entity", "did you mean `course`?"));
    let (_, _, hint) = error(&db, &sandbox, "freshness --entity teacher");
    assert_eq!(hint, "the only entity type is `course`");
    assert_eq!(db.json(&sandbox, "freshness --entity course").0, 0);

    let text = format!("[sources.site]\n{}", source("site", "http://127.0.0.1:9", ""));
    sandbox.configure(&text);
    let (exit, answer) = db.json(&sandbox, "ensure corse");
    let error = &answer["error"];
    assert_eq!((exit, &error["code"]), (2, &json!("no_source")), "{answer}");
    assert_eq!(error["hint"], "did you mean `course`?", "{answer}");
}

#[test]
fn a_stopped_worker_says_so_by_its_exit_code() {
    let (sandbox, db) = (Sandbox::new(), database());
    sandbox.configure(INDEX);
    persist(&db, &sandbox, "fall", &["a"]);
    let mut command = sandbox.command("work");
    command.env("FOREBAY_DATABASE_URL", &db.url).stdout(Stdio::piped()).stderr(Stdio::piped());
    let worker = command.spawn().unwrap();
    db.wait_for_query("listen");
    kill_process(Pid::from_child(&worker), Signal::INT).unwrap();
    let output = worker.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", crate::shown(&output));
}
