//! A program that is killed leaves its run open: operators see that, and a worker closes it. One that is suspended has
//! lost its scope when it continues.

use std::{
    io::Write,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
    shown,
};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_run_whose_process_was_killed_is_named_and_closed_by_a_worker() {
    let (sandbox, db) = (Sandbox::new(), database());
    let mut command = sandbox.command("persist - --source big --key id");
    command.env("FOREBAY_DATABASE_URL", &db.url);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut id = 0;
    while db.value("select count(*) from forebay.\"references\"") == "0" {
        assert!(Instant::now() < deadline, "nothing is stored");
        for id in id..id + 2_000 {
            writeln!(input, "{{\"id\": {id}}}").unwrap();
        }
        id += 2_000;
        thread::sleep(Duration::from_millis(50));
    }

    let dead_runs = || -> Value {
        let (_, document) = db.json(&sandbox, "doctor");
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["code"] == "dead_runs").unwrap().clone()
    };
    let detail = || db.json(&sandbox, "runs show latest").1;
    assert_eq!(dead_runs()["status"], "ok", "it still works");
    assert_eq!(detail()["process_died"], false);

    child.kill().unwrap();
    child.wait().unwrap();
    // The server notices the end of a connection by itself.
    while dead_runs()["status"] == "ok" {
        assert!(Instant::now() < deadline + PATIENCE, "the dead run is not named");
    }
    let found = dead_runs();
    assert_eq!(
        (&found["status"], &found["subject"], &found["next"]),
        (&json!("failed"), &json!("run 1"), &json!("forebay work --drain")),
    );
    assert_eq!(detail()["process_died"], true);
    let text = db.text(&sandbox, "runs show latest").1;
    assert!(text.contains("its process has died"), "{text}");
    for line in ["runs reject 1", "runs release 1", "runs rekey 1", "runs diff 1", "runs revert 1 --yes"] {
        let (exit, document) = db.json(&sandbox, line);
        assert_eq!((exit, &document["error"]["code"]), (2, &json!("run_process_died")), "{line}: {document}");
        assert!(document["error"]["message"].as_str().unwrap().contains("its process died"), "{document}");
        assert!(document["error"]["hint"].as_str().unwrap().contains("forebay work --drain"), "{document}");
    }
    assert_eq!(db.json(&sandbox, "changes --source big --limit 5").1["items"], json!([]));

    assert!(db.run(&sandbox, "work --drain").status.success());
    let run = detail();
    assert_eq!(
        (&run["process_died"], &run["run"]["status"], &run["run"]["reason_code"]),
        (&json!(false), &json!("aborted"), &json!("process_died")),
        "{run}"
    );
    assert_eq!(dead_runs()["status"], "ok");
    let (_, changes) = db.json(&sandbox, "changes --source big --limit 5");
    assert_eq!(changes["items"].as_array().map(Vec::len), Some(5), "{changes}");
}

#[test]
fn a_suspended_program_writes_nothing_after_another_one_took_its_scope() {
    let (sandbox, db) = (Sandbox::new(), database());
    let mut command = sandbox.command("persist - --source big --key id --format jsonl --output json");
    command.env("FOREBAY_DATABASE_URL", &db.url);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{{\"id\": 1, \"by\": \"first\"}}").unwrap();
    db.wait_for("select count(*) from forebay.\"references\"", "1");
    kill_process(Pid::from_child(&child), Signal::STOP).unwrap();

    let records = [json!({ "id": 1, "by": "second" }), json!({ "id": 2, "by": "second" })];
    let file = write_records(&sandbox, "second.jsonl", records);
    // It waits until the lease of the first one has expired.
    let (exit, second) = db.json(&sandbox, &format!("persist {file} --source big --key id"));
    assert_eq!((exit, &second["runs"][0]["num_added"]), (0, &json!(1)), "{second}");
    let stored = db.digests();

    writeln!(input, "{{\"id\": 2, \"by\": \"first\"}}\n{{\"id\": 3, \"by\": \"first\"}}").unwrap();
    kill_process(Pid::from_child(&child), Signal::CONT).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The second run took the scope and closed the first one; either may be noticed first.
    let code = document["error"]["code"].as_str().unwrap();
    assert!(["scope_lost", "run_lost"].contains(&code), "{document}");
    assert_eq!(db.digests(), stored);
    let runs = "select string_agg(status || ' ' || coalesce(reason_code, '-'), ', ' order by run_id) from forebay.scrape_runs";
    assert_eq!(db.value(runs), "aborted process_died, complete -");
}
