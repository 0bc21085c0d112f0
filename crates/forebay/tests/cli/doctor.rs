//! `forebay doctor`: a healthy database, and one with many problems.

use forebay_store::testing;
use serde_json::Value;

use crate::{
    Sandbox,
    database::{database, write_records},
    shown,
};

/// The human form without numbers and varying names.
fn without_numbers(text: &str) -> String {
    let lines = text.lines().map(|line| {
        // The server and the database have lines of their own.
        let line = match line.split_once(": ") {
            Some((head, _)) if head.ends_with(" database") => format!("{head}: <database> answers"),
            Some((head, _)) if head.ends_with(" postgres_version") => format!("{head}: <version>"),
            _ => line.to_owned(),
        };
        let mut out = String::new();
        for letter in line.chars() {
            let letter = if letter.is_ascii_digit() { '#' } else { letter };
            if letter != '#' || !out.ends_with('#') {
                out.push(letter);
            }
        }
        out
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn check<'a>(document: &'a Value, code: &str) -> &'a Value {
    let mut found = document["checks"].as_array().unwrap().iter().filter(|check| check["code"] == code);
    found.next().unwrap_or_else(|| panic!("no check {code} in {document}"))
}

#[test]
fn a_healthy_database_is_called_so() {
    let (sandbox, db) = (Sandbox::new(), database());
    let (exit, text) = db.text(&sandbox, "doctor");
    insta::assert_snapshot!("doctor_healthy", without_numbers(&text));
    let (exit_json, document) = db.json(&sandbox, "doctor");
    assert_eq!(exit, exit_json);
    assert_eq!(check(&document, "schema")["status"], "ok");
    assert_eq!(check(&document, "role_rights")["status"], "ok");
    assert_eq!(check(&document, "oldest_transaction")["status"], "ok");
}

#[test]
fn a_database_without_schema_is_bad_and_left_as_it_is() {
    let (sandbox, db) = (Sandbox::new(), database());
    assert_eq!(db.run(&sandbox, "db down --to 0 --yes").status.code(), Some(0));
    let (exit, document) = db.json(&sandbox, "doctor");
    assert_eq!((exit, &document["status"]), (1, &Value::from("failed")));
    assert_eq!(check(&document, "schema")["hint"], "run `forebay db up`");
    assert_eq!(db.value("to_regnamespace('forebay') is null"), "true");
}

#[test]
fn trouble_is_named_with_what_to_do() {
    let (sandbox, db) = (Sandbox::new(), database());
    let records = (1..=3).map(|id| serde_json::json!({"id": id, "title": "t"}));
    let file = write_records(&sandbox, "pages.jsonl", records);
    let (exit, _) = db.json(&sandbox, &format!("persist {file} --source pages --key id"));
    assert_eq!(exit, 0);
    // Due for a long time without any worker.
    db.execute("update forebay.ingestion_jobs set not_before = now() - interval '2 hours'");
    // A pipeline whose worker died, with a failed hand-off and a waiting one.
    db.execute(
        "insert into forebay.pipelines (name, handler, enabled) values ('index', 'external', false);
         insert into forebay.ingestion_handoffs
             (reference_id, pipeline_id, version, payload_hash, state, change, reason_code, failure_code)
         select h.reference_id, p.pipeline_id, h.version, h.payload_hash, 'failed', 'added', 'permanent', 'http_422'
         from forebay.ingestion_handoffs as h join forebay.pipelines as p on p.name = 'index';
         insert into forebay.ingestion_jobs (reference_id, pipeline_id, source_id, payload_hash, change)
         select j.reference_id, p.pipeline_id, j.source_id, j.payload_hash, j.change
         from forebay.ingestion_jobs as j join forebay.pipelines as p on p.name = 'index';
         insert into forebay.ingestion_claims (receipt, pipeline_id, lease_until, num_open, reference_ids)
         select gen_random_uuid(), p.pipeline_id, now() - interval '1 day', 4, '{}'
         from forebay.pipelines as p where p.name = 'index'",
    );
    let (exit, text) = db.text(&sandbox, "doctor");
    assert_eq!(exit, 1, "{text}");
    insta::assert_snapshot!("doctor_trouble", without_numbers(&text));
}

#[test]
fn a_session_that_is_idle_in_its_transaction_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(testing::database());
    let holder = runtime.block_on(async {
        let client = database.client().await;
        let begin = "set application_name = 'nightly report'; \
             begin isolation level repeatable read; select 1";
        client.batch_execute(begin).await.unwrap();
        client
    });
    let pid: i32 = runtime.block_on(async {
        database.client().await.query_one(
            "select pid from pg_stat_activity where application_name = 'nightly report' and datname = current_database()",
            &[],
        )
        .await
        .unwrap()
        .get(0)
    });
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("doctor --output json");
    let output = command.env("FOREBAY_DATABASE_URL", database.url()).output().unwrap();
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let named = check(&document, "oldest_transaction");
    assert_eq!(named["subject"], format!("pid {pid} (nightly report)"));
    assert!(
        named["message"].as_str().unwrap().starts_with("idle in transaction for less than a minute"),
        "{named}"
    );
    let hint = format!("to end this session: select pg_terminate_backend({pid})");
    assert_eq!(named["hint"], hint);
    drop(holder);
}
