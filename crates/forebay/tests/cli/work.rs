//! Ingestion from the configuration to search: pipelines, workers, documents and tables.

mod create;
mod killed;
mod restart;

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

const BOTH: &str = "\
[pipelines.finder]
source = \"courses\"
handler = \"documents\"
title = \"title\"
fields = [\"about\"]
language = \"english\"

[pipelines.seats]
source = \"courses\"
handler = \"table\"
table = \"public.seats\"
columns = { title = \"title\", seats = { field = \"seats\", type = \"int\" } }
";

fn courses() -> [Value; 3] {
    [
        json!({ "id": "CHM-201", "title": "Organic chemistry", "about": "Reactions of carbon.", "seats": 24 }),
        json!({ "id": "MTH-330", "title": "Linear algebra", "about": "Vectors and matrices.", "seats": 40 }),
        json!({ "id": "ART-110", "title": "Painting", "about": "Colours and their chemistry.", "seats": 12 }),
    ]
}

fn persist(db: &TestDb, sandbox: &Sandbox, records: &[Value]) {
    let file = write_records(sandbox, "courses.jsonl", records.iter().cloned());
    let line = format!("persist {file} --source courses --key id --complete --guards off");
    let output = db.run(sandbox, &line);
    assert!(output.status.success(), "{}", crate::shown(&output));
}

fn drain(db: &TestDb, sandbox: &Sandbox) -> Value {
    let (exit, document) = db.json(sandbox, "work --drain");
    assert_eq!(exit, 0, "{document}");
    document
}

fn of<'a>(document: &'a Value, pipeline: &str) -> &'a Value {
    let pipelines = document["pipelines"].as_array().unwrap();
    pipelines.iter().find(|of| of["pipeline"] == pipeline).unwrap_or_else(|| panic!("{document}"))
}

fn keys(document: &Value) -> Vec<&str> {
    document["hits"].as_array().unwrap().iter().map(|hit| hit["record_key"].as_str().unwrap()).collect()
}

#[test]
fn a_language_that_the_database_lacks_stops_only_its_pipeline() {
    let (sandbox, db) = (Sandbox::new(), database());
    sandbox.configure(&BOTH.replace("\"english\"", "\"klingon\""));
    persist(&db, &sandbox, &courses());
    for line in ["stats", "runs list", "config apply", "config apply --dry-run"] {
        let output = db.run(&sandbox, line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", crate::shown(&output));
    }
    let output = db.run(&sandbox, "work --drain");
    let said = crate::shown(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let problem = "the pipeline \"finder\" cannot be used: the database has no text search configuration \"klingon\"; it has ";
    assert!(
        said.contains(problem) && said.contains("english, ") && said.contains("; its hand-offs wait"),
        "{said}"
    );
    assert_eq!(db.value("select count(*) from public.seats"), "3", "the other pipeline has worked");
    assert_eq!(
        db.value("select count(*) from forebay.ingestion_handoffs"),
        "3",
        "those of the pipeline wait"
    );
    let (exit, document) = db.json(&sandbox, "doctor");
    let checks = document["checks"].as_array().unwrap();
    let named = checks.iter().find(|check| check["code"] == "pipeline_settings").unwrap();
    assert_eq!(
        (exit, &named["status"], &named["subject"]),
        (1, &json!("failed"), &json!("finder")),
        "{named}"
    );
    assert!(named["message"].as_str().unwrap().contains("\"klingon\"; it has "), "{named}");
    sandbox.configure(BOTH);
    drain(&db, &sandbox);
    assert_eq!(db.value("select count(*) from forebay.ingestion_handoffs"), "0");
}

#[test]
fn configured_pipelines_are_filled_and_emptied() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure(BOTH);
    persist(&db, &sandbox, &courses());

    let (_, early) = db.json(&sandbox, "search chemistry");
    assert_eq!((keys(&early).len(), &early["num_waiting"]), (0, &json!(6)));
    let (_, text) = db.text(&sandbox, "search chemistry");
    assert!(text.contains("no document matches") && text.contains("forebay work --drain"), "{text}");

    let work = drain(&db, &sandbox);
    for pipeline in ["documents", "finder", "seats"] {
        let done = of(&work, pipeline);
        assert_eq!(
            (&done["num_claimed"], &done["num_succeeded"], &done["num_failed"]),
            (&json!(3), &json!(3), &json!(0))
        );
        assert_eq!(done["num_waiting"], 0);
    }
    assert_eq!(db.value("select sum(seats) from public.seats"), "76");

    let (_, found) = db.json(&sandbox, "search chemistry");
    assert_eq!(keys(&found), ["CHM-201", "ART-110"], "the title weighs more: {found}");
    assert!(found["hits"][1]["snippet"].as_str().unwrap().contains("«chemistry»"), "{found}");
    let (_, stemmed) = db.json(&sandbox, "search reaction");
    assert_eq!(keys(&stemmed), ["CHM-201"], "English is searched as English");
    let (_, one) = db.json(&sandbox, "search chemistry --limit 1");
    assert_eq!(keys(&one), ["CHM-201"]);
    let (_, text) = db.text(&sandbox, "search chemistry");
    assert!(text.starts_with("1. Organic chemistry\n   courses/CHM-201\n"), "{text}");
    assert!(text.contains("«chemistry»"), "{text}");

    // Removed records are removed from the index and the table.
    persist(&db, &sandbox, &courses()[1..]);
    drain(&db, &sandbox);
    let (_, left) = db.json(&sandbox, "search chemistry");
    assert_eq!(keys(&left), ["ART-110"]);
    assert_eq!(db.value("select count(*) from forebay.documents"), "4");
    assert_eq!(
        db.value("select string_agg(title, ',' order by title) from public.seats"),
        "Linear algebra,Painting"
    );

    let idle = drain(&db, &sandbox);
    assert_eq!(of(&idle, "seats")["num_claimed"], 0);
}

#[test]
fn failures_are_reported_with_their_reason() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure(BOTH);
    let mut records = courses();
    records[1]["seats"] = json!("as many as come");
    persist(&db, &sandbox, &records);
    let (exit, work) = db.json(&sandbox, "work --drain");
    assert_eq!(exit, 1, "a hand-off failed");
    assert_eq!(
        (&of(&work, "seats")["num_succeeded"], &of(&work, "seats")["num_failed"]),
        (&json!(2), &json!(1))
    );
    let failures = work["failures"].as_array().unwrap();
    assert_eq!((failures.len(), &failures[0]["failure_code"]), (1, &json!("value_rejected")));

    // Failures are reported once: the next drain has nothing to do with them.
    assert_eq!(drain(&db, &sandbox)["failures"], json!([]));
    let (exit, retried) = db.json(&sandbox, "handoffs retry --state failed");
    assert_eq!((exit, &retried["num_done"]), (0, &json!(1)), "{retried}");
    let (exit, text) = db.text(&sandbox, "work --drain");
    assert_eq!(exit, 1);
    for part in ["Failed attempts", "value_rejected", "forebay handoffs list --state failed"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn the_configuration_decides_which_pipelines_there_are() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure(BOTH);
    persist(&db, &sandbox, &courses());
    let declared =
        "select pipeline_id::text, name, enabled::text, updated_at::text from forebay.pipelines order by 1";
    let before = db.rows(declared);
    persist(&db, &sandbox, &courses());
    assert_eq!(db.rows(declared), before, "nothing changed, so nothing is written");

    // A folder without a configuration disables nothing.
    let elsewhere = Sandbox::new();
    drain(&db, &elsewhere);
    assert_eq!(db.rows(declared), before);
    assert_eq!(
        db.value("select to_regclass('public.seats') is null"),
        "true",
        "nor does it write to its tables"
    );
    drain(&db, &sandbox);

    sandbox.configure(BOTH.split("[pipelines.seats]").next().unwrap());
    drain(&db, &sandbox);
    assert_eq!(db.rows(declared), before, "only pruning disables a pipeline");
    assert!(db.run(&sandbox, "config apply --prune --yes").status.success());
    persist(&db, &sandbox, &courses()[..2]);
    let output = db.run(&sandbox, "work --drain");
    let enabled = "select string_agg(name, ',' order by name) from forebay.pipelines where enabled";
    assert_eq!(db.value(enabled), "documents,finder");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("pipeline seats is disabled"), "{text}");
    assert_eq!(db.value("select count(*) from public.seats"), "3", "what it wrote stays");

    // When configured again, it gets the changes that it missed.
    sandbox.configure(BOTH);
    drain(&db, &sandbox);
    assert_eq!(db.value(enabled), "documents,finder,seats");
    persist(&db, &sandbox, &[json!({ "id": "CHM-201", "title": "Chemistry", "seats": 1 })]);
    drain(&db, &sandbox);
    assert_eq!(db.value("select string_agg(title, ',') from public.seats where seats = 1"), "Chemistry");
}

#[test]
fn the_built_in_pipeline_can_be_configured_and_comes_back() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure("[pipelines.documents]\nsource = \"*\"\nhandler = \"documents\"\nenabled = false\n");
    persist(&db, &sandbox, &courses());
    assert_eq!(db.value("select count(*) from forebay.handoffs"), "0");
    let (_, text) = db.text(&sandbox, "search chemistry");
    assert!(text.contains("no pipeline with the handler documents is enabled"), "{text}");

    sandbox.configure("");
    let (exit, applied) = db.json(&sandbox, "config apply --prune --yes");
    assert_eq!(exit, 0, "{applied}");
    let work = drain(&db, &sandbox);
    assert_eq!(of(&work, "documents")["num_succeeded"], 3);
    let (_, found) = db.json(&sandbox, "search matrices");
    assert_eq!(keys(&found), ["MTH-330"]);
}

#[test]
fn a_pipeline_that_cannot_be_used_names_itself_and_the_setting() {
    let sandbox = Sandbox::new();
    let db = database();
    persist(&db, &sandbox, &courses());
    sandbox.configure(&BOTH.replace("type = \"int\"", "type = \"integr\""));
    let (exit, error) = db.json(&sandbox, "work --drain");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("config_invalid")));
    let place = error["error"]["place"].as_str().unwrap();
    // The line of `columns`.
    assert!(place.contains("forebay.toml:12:"), "{place}");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("column seats") && message.contains("integr"), "{message}");
    assert_eq!(db.value("select count(*) from forebay.pipelines"), "1", "none is declared when one is wrong");

    // An existing table with unsuitable columns stops its pipeline, and no other.
    db.execute("create table public.seats (title text)");
    sandbox.configure(BOTH);
    let (exit, work) = db.json(&sandbox, "work --drain");
    assert_eq!(exit, 1, "{work}");
    assert_eq!(of(&work, "finder")["num_succeeded"], 3);
    let stopped = of(&work, "seats");
    assert_eq!((&stopped["error"]["code"], &stopped["num_waiting"]), (&json!("table_unusable"), &json!(3)));
}

#[test]
fn every_pipeline_of_the_template_can_be_declared() {
    let sandbox = Sandbox::new();
    let db = database();
    db.run(&sandbox, "init");
    let is_setting = |line: &str| {
        let word = line.split_once(" = ").map_or("[", |(word, _)| word);
        line.starts_with('[') || word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let mut text = String::new();
    // Embeddings need pgvector, which the server may not have.
    let mut is_left_out = false;
    for line in std::fs::read_to_string(sandbox.path().join("forebay.toml")).unwrap().lines() {
        let line = line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line);
        if line.starts_with('[') {
            is_left_out = line.ends_with(".embeddings]");
        }
        if !is_left_out {
            text.push_str(line);
            text.push('\n');
        }
    }
    sandbox.configure(&text);
    let work = drain(&db, &sandbox);
    assert_eq!(
        db.value("select string_agg(name, ',' order by name) from forebay.pipelines"),
        "course_table,documents,handbook,hook,index,search,warehouse"
    );
    assert_eq!(of(&work, "hook")["num_waiting"], 0);
}

#[test]
fn other_workers_work_for_external_pipelines() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure(
        "[pipelines.warehouse]\nsource = \"courses\"\nhandler = \"external\"\n[pipelines.warehouse.limits]\n\
         rate = \"120/min\"\nkey = \"/about\"\nkey_max_active = 2\n[pipelines.warehouse.retry.lost]\n\
         max_failures = 2\nbase_delay = \"30s\"",
    );
    persist(&db, &sandbox, &courses());
    let work = drain(&db, &sandbox);
    assert_eq!(work["external"], json!([{ "pipeline": "warehouse", "num_waiting": 3 }]));
    let (_, text) = db.text(&sandbox, "work --drain");
    let expected = "the work of pipeline warehouse is done by other workers: 3 hand-offs wait for them";
    assert!(text.contains(expected), "{text}");
    // The configured limits apply to every worker.
    let stored = "select rate_limit::text, limit_key::text, key_max_active::text, retry::text \
                  from forebay.pipelines where name = 'warehouse'";
    assert_eq!(
        db.rows(stored),
        [["2", "{about}", "2", "{\"lost\": {\"max_failures\": 2, \"base_delay_seconds\": 30.0}}"]]
    );
}

#[test]
fn the_options_of_the_workers_are_checked() {
    let sandbox = Sandbox::new();
    let db = database();
    persist(&db, &sandbox, &courses());
    let line =
        "work --drain --concurrency 3 --batch 1 --grace 1s --reconcile-every never --retention forever";
    let (exit, work) = db.json(&sandbox, line);
    assert_eq!((exit, &of(&work, "documents")["num_succeeded"]), (0, &json!(3)), "{work}");
    for (option, expected) in [
        ("--concurrency 0", "1..=32"),
        ("--batch 0", "1..=10000"),
        ("--grace soon", "expected a duration such as 30s"),
        ("--reconcile-every forever", "or never"),
        ("--retention never", "or forever"),
    ] {
        let text = sandbox.run(&format!("work {option}"));
        assert!(text.starts_with("exit code: 2") && text.contains(expected), "{text}");
    }
}

#[test]
fn an_unknown_pipeline_is_an_error_that_names_the_known_ones() {
    let sandbox = Sandbox::new();
    let db = database();
    sandbox.configure(BOTH);
    let (exit, error) = db.json(&sandbox, "work --drain --pipeline finer");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("no_such_pipeline")));
    assert_eq!(error["error"]["hint"], "did you mean `finder`?");
    let (_, error) = db.json(&sandbox, "work --drain --pipeline other");
    assert_eq!(error["error"]["hint"], "the pipelines are `documents`, `finder`, `seats`");
}

#[test]
fn a_worker_works_until_it_is_stopped() {
    let sandbox = Sandbox::new();
    let db = database();
    let mut worker = sandbox
        .command("work --output json")
        .env("FOREBAY_DATABASE_URL", &db.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(worker.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("working for documents"), "{line}");

    persist(&db, &sandbox, &courses());
    let deadline = Instant::now() + Duration::from_mins(3);
    while db.value("select count(*) from forebay.documents") != "3" {
        assert!(Instant::now() < deadline, "the worker does not see new work");
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = rustix::process::Pid::from_child(&worker);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = worker.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", crate::shown(&output));
    // One object per line, as things happen; the report is the last.
    let lines: Vec<Value> = std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events.last(), Some(&"report"), "{events:?}");
    assert!(events.contains(&"batch"), "{events:?}");
    let document = lines.last().unwrap();
    assert_eq!(of(document, "documents")["num_succeeded"], 3);
}
