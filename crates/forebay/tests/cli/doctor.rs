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
    let (_, text) = db.text(&sandbox, "doctor");
    // The database, the memory, and the count of checks.
    assert_eq!(text.lines().count(), 3, "{text}");
    let (exit, text) = db.text(&sandbox, "doctor --verbose");
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
    db.execute("update forebay.ingestion_handoffs set not_before = now() - interval '2 hours'");
    // A pipeline whose worker died, with a failed hand-off and a waiting one.
    db.execute(
        "insert into forebay.pipelines (name, handler, enabled) values ('index', 'external', false);
         insert into forebay.ingestion_outcomes
             (reference_id, pipeline_id, version, generation, payload_hash, state, change, reason_code, failure_code,
              enqueued_at)
         select h.reference_id, p.pipeline_id, h.version, 1, sha256(h.payload_hash), 'failed', 'added', 'permanent',
             'http_422', now()
         from forebay.handoffs as h join forebay.pipelines as p on p.name = 'index';
         insert into forebay.ingestion_handoffs (reference_id, pipeline_id, source_id, payload_hash)
         select h.reference_id, p.pipeline_id, h.source_id, h.payload_hash
         from forebay.ingestion_handoffs as h join forebay.pipelines as p on p.name = 'index';
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

#[test]
fn a_configuration_that_cannot_be_used_is_a_failed_check() {
    let (sandbox, db) = (Sandbox::new(), database());
    sandbox.configure("[sources.x]\nkye = 1\n");
    let (exit, document) = db.json(&sandbox, "doctor");
    assert_eq!((exit, &document["status"]), (1, &Value::from("failed")), "{document}");
    let found = check(&document, "configuration");
    assert_eq!((&found["status"], &found["next"]), (&"failed".into(), &"forebay config check".into()));
    assert!(
        found["message"].as_str().unwrap().starts_with("forebay.toml:2:1: unknown field `kye`"),
        "{found}"
    );
    assert_eq!(check(&document, "schema")["status"], "ok", "the database is checked nevertheless");
}

const NIGHT: &str = "\
[pipelines.search]
source = \"courses\"
handler = \"documents\"
fields = [\"title\"]
";

/// A night's incidents: `forebay doctor` names each with the command to type next, on one screen.
#[test]
fn every_incident_of_a_night_is_on_one_screen() {
    let (sandbox, db) = (Sandbox::new(), database());
    sandbox.configure(NIGHT);
    let course = |n: usize| serde_json::json!({ "id": format!("C-{n:03}"), "title": format!("Course {n}") });
    let persist = |source: &str, records: Vec<Value>| -> i32 {
        let name = format!("{source}.jsonl");
        let file = write_records(&sandbox, &name, records);
        db.json(&sandbox, &format!("persist {file} --source {source} --key id --complete")).0
    };
    // A run that would remove most of a source, and one whose keys were renamed.
    assert_eq!(persist("courses", (0..40).map(course).collect()), 0);
    assert_eq!(persist("courses", (0..5).map(course).collect()), 3);
    let room = |n: usize, prefix: &str| {
        serde_json::json!({
        "id": format!("{prefix}{n}"), "name": format!("Room with the name {n}"), "floor": n, "seats": n * 7 })
    };
    assert_eq!(persist("rooms", (0..30).map(|n| room(n, "R-")).collect()), 0);
    assert_eq!(persist("rooms", (0..30).map(|n| room(n, "room/")).collect()), 3);
    db.execute(
        "insert into forebay.circuit_breaker_state (source_id, changed_at, opened_at, retry_at, state, reason_code)
         select source_id, now() - interval '20 minutes', now() - interval '20 minutes', now() + interval '1 hour',
             'open', 'consecutive_failures'
         from forebay.sources where name = 'rooms';
         update forebay.ingestion_handoffs set not_before = now() - interval '2 hours';
         insert into forebay.pipelines (name, handler) values ('hook', 'external');
         insert into forebay.ingestion_outcomes
             (reference_id, pipeline_id, version, generation, payload_hash, state, change, reason_code, failure_code,
              enqueued_at)
         select r.reference_id, p.pipeline_id, r.version, 1, r.version_hash, 'failed', 'added', 'permanent',
             (array['webhook_gone', 'webhook_refused', 'exec_timeout'])[1 + row_number() over () % 3], now()
         from forebay.\"references\" as r join forebay.pipelines as p on p.name = 'hook'
         limit 9;
         insert into forebay.documents (reference_id, pipeline_id, num_chunks, language, payload_hash, title)
         select r.reference_id, p.pipeline_id, 1, 'simple', r.version_hash, 'a title'
         from forebay.\"references\" as r join forebay.pipelines as p on p.name = 'search' limit 4;
         insert into forebay.document_chunks
             (reference_id, chunk_id, pipeline_id, ordinal, language, content_hash, title, heading, content,
             search, embedding_error)
         select d.reference_id, gen_random_uuid(), d.pipeline_id, 0, 'simple', sha256('x'), 'a title', '', 'text',
             to_tsvector('simple', 'a title text'), '401 Unauthorized: the key is wrong'
         from forebay.documents as d;
         -- As with an endpoint in the configuration, which needs the extension vector.
         update forebay.pipelines set config = config || '{\"embeddings\": {}}', project = 'other'
         where name = 'search'",
    );
    let output = db.run(&sandbox, "doctor");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for expected in [
        "courses withholds 35 changes: mass_removal",
        "next: forebay runs diff 2",
        "rekey_suspected",
        "next: forebay runs diff 4",
        "breakers rooms: open for 20 min",
        "next: forebay sources breaker show rooms",
        "next: forebay handoffs list --pipeline hook --failure-code webhook_gone",
        "next: forebay handoffs list --pipeline hook --failure-code webhook_refused",
        "next: forebay handoffs list --pipeline hook --failure-code exec_timeout",
        "embeddings search: 4 chunks without one, 4 were refused: 401",
        "no_worker",
        "next: forebay work --pipeline search",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let rows: usize = text.lines().map(|line| line.chars().count().div_ceil(80).max(1)).sum();
    assert!(rows <= 24, "{rows} rows:\n{text}");
    let first_warning = text.find("warning").unwrap_or(text.len());
    assert!(text.rfind("failed  ").unwrap() < first_warning, "the worst comes first:\n{text}");
}

#[test]
fn what_a_web_api_can_write_and_a_read_only_database_are_named() {
    let (sandbox, db) = (Sandbox::new(), database());
    db.execute(
        "grant usage on schema forebay to anon; grant all on all tables in schema forebay to anon;
         alter table forebay.sources disable row level security;",
    );
    let (exit, document) = db.json(&sandbox, "doctor");
    let api = check(&document, "api_roles");
    assert_eq!((exit, &api["status"]), (1, &Value::from("failed")), "{document}");
    let message = api["message"].as_str().unwrap();
    assert!(message.starts_with("anon has rights on the table forebay."), "{message}");
    assert_eq!(
        api["hint"],
        "run `forebay db up`, which takes them back: revoke all on all tables in schema forebay from anon"
    );
    let open = check(&document, "row_security");
    assert_eq!(
        (&open["status"], &open["message"]),
        (&Value::from("failed"), &Value::from("off for forebay.sources"))
    );
    assert!(db.run(&sandbox, "db up").status.success());
    let (_, document) = db.json(&sandbox, "doctor");
    assert_eq!(check(&document, "api_roles")["status"], "ok");
    assert_eq!(check(&document, "row_security")["status"], "ok");
    db.execute("revoke usage on schema forebay from anon");

    let name = db.value("current_database()");
    db.execute(&format!("alter database {name} set default_transaction_read_only = on"));
    let (exit, document) = db.json(&sandbox, "doctor");
    assert_eq!((exit, &check(&document, "read_only")["status"]), (1, &Value::from("failed")));
}

#[test]
fn a_target_that_the_role_cannot_write_is_named() {
    let (sandbox, db) = (Sandbox::new(), database());
    std::fs::write(
        sandbox.path().join("forebay.toml"),
        "[sources.courses]\nkey = [\"id\"]\n\n[pipelines.catalogue]\nsource = \"courses\"\nhandler = \"table\"\n\
         table = \"public.catalogue\"\ncolumns = { title = \"title\" }\n",
    )
    .unwrap();
    db.execute("create table public.catalogue (reference_id uuid primary key, title text)");
    assert!(db.run(&sandbox, "config apply --yes").status.success());
    assert_eq!(check(&db.json(&sandbox, "doctor").1, "target_rights")["status"], "ok");
    // A role that may do everything but update the table, and that policies don't concern. Roles are shared by all
    // databases of the server.
    let role = db.value("current_database() || '_worker'");
    db.execute(&format!(
        "create role {role} nologin bypassrls;
         grant usage on schema forebay, forebay_private, public to {role};
         grant all on all tables in schema forebay, forebay_private to {role};
         grant all on all functions in schema forebay, forebay_private to {role};
         grant select, insert, delete on public.catalogue to {role}"
    ));
    let mut command = sandbox.command("doctor --output json");
    let url = format!("{}?options=-c%20role%3D{role}", db.url);
    let output = command.env("FOREBAY_DATABASE_URL", url).output().unwrap();
    db.execute(&format!("drop owned by {role}; drop role {role}"));
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let target = check(&document, "target_rights");
    assert_eq!((output.status.code(), &target["status"]), (Some(1), &Value::from("failed")), "{document}");
    assert_eq!(
        (&target["subject"], &target["message"]),
        (&Value::from("catalogue"), &Value::from("may not write public.catalogue: lacks update"))
    );
}

#[test]
fn late_syncs_and_sources_that_stand_still_are_named() {
    let (sandbox, db) = (Sandbox::new(), database());
    let text = format!(
        "[entities.course]\nttl = \"1h\"\nerror_after = \"2h\"\n\n[sources.site]\n{}",
        crate::site::source("site", "http://127.0.0.1:9", "")
    );
    sandbox.configure(&text);
    assert!(db.run(&sandbox, "config apply --yes").status.success());
    let file = write_records(&sandbox, "site.jsonl", [serde_json::json!({ "id": "a", "title": "b" })]);
    assert_eq!(db.json(&sandbox, &format!("persist {file} --source site --complete")).0, 0);
    db.execute(
        "update forebay.sync_metadata set last_sync = now() - interval '3 hours';
         update forebay.sources set enabled = false",
    );
    let (exit, document) = db.json(&sandbox, "doctor");
    assert_eq!(exit, 1, "{document}");
    assert_eq!(check(&document, "syncs")["next"], "forebay ensure course");
    assert_eq!(check(&document, "sources")["subject"], "site");
}

#[test]
fn a_payload_that_no_run_wrote_is_found_and_restored_from_history() {
    let (sandbox, db) = (Sandbox::new(), database());
    let rules =
        "[sources.courses]\nkey = [\"id\"]\nvolatile = [\"seen\"]\nnormalise = { title = [\"trim\"] }\n";
    sandbox.configure(rules);
    let course =
        |n: u32, title: &str| serde_json::json!({ "id": n, "title": title, "seen": n, "price": 1.50 });
    for title in ["old", " new "] {
        let file = write_records(&sandbox, "courses.jsonl", (0..20).map(|n| course(n, title)));
        assert_eq!(db.json(&sandbox, &format!("persist {file} --source courses --guards off")).0, 0);
    }
    let payloads = |line: &str| -> Value { check(&db.json(&sandbox, line).1, "payloads").clone() };
    assert_eq!(payloads("doctor --deep")["status"], "ok", "rules are applied");
    let before = db.value(
        "select md5(string_agg(payload::text, ',' order by reference_id)) from forebay.\"references\"",
    );

    // A field with a history, and one without.
    db.execute(
        "update forebay.\"references\" set payload = payload || '{\"title\": \"forged\"}' where record_key = '3';
         update forebay.\"references\" set payload = payload || '{\"price\": 0}' where record_key = '7'",
    );
    let found = payloads("doctor --deep");
    assert_eq!(found["status"], "failed");
    assert!(found["message"].as_str().unwrap().starts_with("2 of 20 payloads differ"), "{found}");
    assert_eq!(found["next"], "forebay doctor --deep --repair");
    assert_eq!(db.json(&sandbox, "doctor --deep").0, 1);

    let repaired = payloads("doctor --deep --repair");
    let message = repaired["message"].as_str().unwrap();
    assert_eq!(message, "1 payload restored from history: 3; 1 payload not in history: 7");
    assert_eq!(repaired["next"], "forebay persist FILE --source courses");
    assert_eq!(db.json(&sandbox, "show courses/3").1["payload"]["title"], " new ");
    let marked = payloads("doctor --deep");
    assert_eq!(marked["message"], "1 of 20 payloads differ from their hashes: 7");
    assert_eq!(marked["next"], "forebay persist FILE --source courses", "repairing again would not help");
    // The next run stores what history doesn't have.
    let file = write_records(&sandbox, "courses.jsonl", (0..20).map(|n| course(n, " new ")));
    let (exit, document) = db.json(&sandbox, &format!("persist {file} --source courses"));
    assert_eq!((exit, &document["runs"][0]["num_updated"]), (0, &Value::from(1)), "{document}");
    assert_eq!(payloads("doctor --deep")["status"], "ok");
    let after = db.value(
        "select md5(string_agg(payload::text, ',' order by reference_id)) from forebay.\"references\"",
    );
    assert_eq!(before, after);
}

#[test]
fn embeddings_without_pgvector_stop_nothing_else() {
    let (sandbox, db) = (Sandbox::new(), database());
    std::fs::write(
        sandbox.path().join("forebay.toml"),
        "[pipelines.handbook]\nsource = \"courses\"\nhandler = \"documents\"\n\
         [pipelines.handbook.embeddings]\nurl = \"http://127.0.0.1:9/v1/embeddings\"\nmodel = \"m\"\ndimensions = 3\n",
    )
    .unwrap();
    std::fs::write(sandbox.path().join("talks.jsonl"), "{\"id\": \"T\"}\n").unwrap();
    let (exit, document) = db.json(&sandbox, "persist talks.jsonl --source talks --entity talk --key id");
    assert_eq!(exit, 0, "{document}");
    let (exit, document) = db.json(&sandbox, "doctor");
    let vector = check(&document, "vector");
    assert_eq!(
        (exit, &vector["status"], &vector["subject"]),
        (1, &Value::from("failed"), &Value::from("handbook"))
    );
    assert!(vector["hint"].as_str().unwrap().contains("create extension vector"), "{vector}");
    // Names that don't exist are answered with those that do.
    let hint =
        |line: &str| db.json(&sandbox, line).1["error"]["hint"].as_str().unwrap_or_default().to_owned();
    assert_eq!(hint("search x --source nobody"), "the only source is `talks`");
    assert_eq!(hint("search x --pipeline handbok"), "did you mean `handbook`?");
    assert_eq!(hint("search x --pipeline other"), "the pipelines are `documents`, `handbook`");
}
