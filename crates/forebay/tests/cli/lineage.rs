//! OpenLineage events of real commands, received on loopback and read with the classes of the Python client.

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    parts::part,
    receiver::Receiver,
    shown,
};

fn events(catalogue: &Receiver) -> Vec<Value> {
    catalogue.requests().into_iter().map(|request| request.body).collect()
}

fn types(catalogue: &Receiver) -> Vec<String> {
    events(catalogue).iter().map(|event| event["eventType"].as_str().unwrap().to_owned()).collect()
}

fn persist(db: &TestDb, sandbox: &Sandbox, url: &str, line: &str) -> Output {
    let mut command = sandbox.command(line);
    command.env("FOREBAY_DATABASE_URL", &db.url).env("OPENLINEAGE_URL", url).output().unwrap()
}

#[test]
fn a_run_reports_its_beginning_and_its_end_with_counts_and_coverage() {
    let (catalogue, sandbox, db) = (Receiver::open(), Sandbox::new(), database());
    sandbox.configure(&format!(
        "[openlineage]\nurl = \"{}/base/\"\nendpoint = \"lineage\"\napi_key = \"env:MY_KEY\"\nnamespace = \"campus\"\n",
        catalogue.url
    ));
    let records = [json!({ "id": "a", "title": "Carbon" }), json!({ "id": "b", "title": null })];
    let file = write_records(&sandbox, "courses.jsonl", records);
    let line = format!("persist {file} --source courses --key id --scope term=fall --complete");
    let mut command = sandbox.command(&line);
    let output = command.env("FOREBAY_DATABASE_URL", &db.url).env("MY_KEY", "k-123").output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let requests = catalogue.requests();
    assert_eq!(types(&catalogue), ["START", "COMPLETE"]);
    assert!(requests.iter().all(|request| request.path == "/base/lineage"));
    assert!(requests.iter().all(|request| request.headers["authorization"] == "Bearer k-123"));
    let (start, end) = (&requests[0].body, &requests[1].body);
    assert_eq!(start["run"]["runId"], end["run"]["runId"]);
    assert_eq!(end["job"]["namespace"], "campus");
    assert_eq!(end["job"]["name"], "courses");
    let facet = &end["run"]["facets"]["forebay_run"];
    assert_eq!((&facet["status"], &facet["scope"]), (&json!("complete"), &json!("term=fall")));
    assert_eq!((&facet["counts"]["added"], &facet["fieldCoverage"]["title"]), (&json!(2), &json!(0.5)));
    let quality = &end["inputs"][0]["inputFacets"]["dataQualityMetrics"];
    assert_eq!(
        (&quality["rowCount"], &quality["columnMetrics"]["title"]["nullCount"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 2);
    let name = end["outputs"][0]["name"].as_str().unwrap();
    assert!(name.ends_with(".forebay.references.courses"), "{name}");
    assert!(!end.to_string().contains("k-123"));
}

#[test]
fn a_run_that_fails_or_is_stopped_says_so() {
    let (catalogue, sandbox, db) = (Receiver::open(), Sandbox::new(), database());
    fs::write(sandbox.path().join("bad.jsonl"), "{nonsense\n{nonsense\n").unwrap();
    let line = "persist bad.jsonl --source courses --key id --max-rejected 0";
    let output = persist(&db, &sandbox, &catalogue.url, line);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert_eq!(types(&catalogue), ["START", "FAIL"]);
    let message = &events(&catalogue)[1]["run"]["facets"]["errorMessage"]["message"];
    assert!(!message.as_str().unwrap().is_empty());

    let mut command = sandbox.command("persist - --source courses --key id");
    command.env("FOREBAY_DATABASE_URL", &db.url).env("OPENLINEAGE_URL", &catalogue.url);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    db.wait_for("select count(*) from forebay.scrape_runs where status = 'running'", "1");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    // Its standard input is still open.
    db.wait_for("select status from forebay.scrape_runs order by run_id desc limit 1", "aborted");
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", shown(&stopped));
    assert_eq!(types(&catalogue)[2..], ["START", "ABORT"]);
}

#[test]
fn a_receiver_that_fails_delays_nothing_for_long_and_fails_nothing() {
    let (catalogue, sandbox, db) = (Receiver::open(), Sandbox::new(), database());
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a" })]);
    let line = format!("persist {file} --source courses --key id --log-level warn");
    catalogue.answer(503);
    let began = Instant::now();
    let output = persist(&db, &sandbox, &catalogue.url, &line);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(shown(&output).contains("an OpenLineage event was dropped"), "{}", shown(&output));
    assert_eq!(types(&catalogue), ["START", "START", "START", "COMPLETE", "COMPLETE", "COMPLETE"]);
    catalogue.answer(400);
    let output = persist(&db, &sandbox, &catalogue.url, &line);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(types(&catalogue)[6..], ["START", "COMPLETE"], "a refusal is not repeated");
    let output = persist(&db, &sandbox, "ftp://x", &line);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(shown(&output).contains("openlineage_url_invalid"), "{}", shown(&output));
}

#[test]
fn the_python_client_reads_the_events() {
    let python = part("openlineage/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: scripts/parts.sh installs openlineage-python");
        return;
    }
    let (catalogue, sandbox, db) = (Receiver::open(), Sandbox::new(), database());
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a", "title": "Carbon" })]);
    persist(&db, &sandbox, &catalogue.url, &format!("persist {file} --source courses --key id"));
    fs::write(sandbox.path().join("bad.jsonl"), "{nonsense\n").unwrap();
    let line = "persist bad.jsonl --source courses --key id --max-rejected 0";
    persist(&db, &sandbox, &catalogue.url, line);
    assert_eq!(types(&catalogue), ["START", "COMPLETE", "START", "FAIL"]);
    let lines: Vec<String> = events(&catalogue).iter().map(Value::to_string).collect();
    let events = sandbox.path().join("events.jsonl");
    fs::write(&events, lines.join("\n")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/lineage/check.py");
    let output = Command::new(python).arg(script).arg(&events).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "4 events");
}
