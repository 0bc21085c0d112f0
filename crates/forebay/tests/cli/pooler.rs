//! Many processes behind PgBouncer in transaction mode with four connections to the server: none of them holds one
//! while it waits. Skipped if PgBouncer is not installed.

use std::{
    io::Write,
    process::{Child, Output, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::{
    database::write_records,
    shown,
    site::{PATIENCE, POLL, World},
};

const NUM_RUNS: usize = 16;
const NUM_OTHERS: usize = 4;

/// Waits for a process that must end by itself.
fn ended(mut child: Child) -> Output {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("hangs: {}", shown(&child.wait_with_output().unwrap()));
        }
        thread::sleep(POLL);
    }
    child.wait_with_output().unwrap()
}

#[test]
fn slow_runs_workers_and_ensure_share_four_connections() {
    let world = World::new();
    let Some(pooler) = world.db.pooler(4) else {
        println!("SKIPPED: PgBouncer is not installed");
        return;
    };
    let spawn = |line: &str| {
        let mut command = world.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", world.db.url_through(&pooler));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut runs: Vec<Child> = (0..NUM_RUNS)
        .map(|number| spawn(&format!("persist - --source slow{number} --key id --complete")))
        .collect();
    // Each is in its run, and its producer is silent.
    let running = "select count(*) from forebay.scrape_runs where status = 'running'";
    world.wait_for(running, &NUM_RUNS.to_string());
    let workers: Vec<Child> = (0..NUM_OTHERS).map(|_| spawn("work")).collect();
    let callers: Vec<Child> = (0..NUM_OTHERS).map(|_| spawn("ensure course --output json")).collect();
    for caller in callers {
        let output = ended(caller);
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
        assert_eq!((&answer["success"], &answer["is_fresh"]), (&json!(true), &json!(true)), "{answer}");
    }
    assert_eq!(world.num_runs(), (NUM_RUNS + 1).to_string(), "the callers share one scrape");
    for (number, run) in runs.iter_mut().enumerate() {
        let mut input = run.stdin.take().unwrap();
        writeln!(input, "{{\"id\": {number}}}").unwrap();
    }
    for run in runs {
        let output = ended(run);
        assert!(output.status.success(), "{}", shown(&output));
    }
    world.wait_for("select count(*) from forebay.ingestion_handoffs", "0");
    let indexed = "select count(*) from forebay.documents";
    assert_eq!(world.db.value(indexed), (NUM_RUNS + 3).to_string());
    for worker in workers {
        rustix::process::kill_process(Pid::from_child(&worker), Signal::TERM).unwrap();
        let output = ended(worker);
        assert_eq!(output.status.code(), Some(130), "{}", shown(&output));
    }
}

#[test]
fn the_scope_of_a_killed_run_is_free_when_its_lease_has_expired() {
    let world = World::new();
    let Some(pooler) = world.db.pooler(4) else {
        println!("SKIPPED: PgBouncer is not installed");
        return;
    };
    let command = |line: &str| {
        let mut command = world.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", world.db.url_through(&pooler));
        command
    };
    let mut killed = command("persist - --source slow --key id");
    let mut killed =
        killed.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    world.wait_for("select count(*) from forebay.scrape_runs where status = 'running'", "1");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let file = write_records(&world.sandbox, "next.jsonl", [json!({ "id": 1 })]);
    let output = command(&format!("persist {file} --source slow --key id")).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let runs = "select string_agg(status, ', ' order by run_id) from forebay.scrape_runs";
    assert_eq!(world.db.value(runs), "aborted, complete");
}

#[test]
fn changing_the_schema_is_refused_and_doctor_says_what_is_between() {
    let world = World::new();
    let Some(pooler) = world.db.pooler(4) else {
        println!("SKIPPED: PgBouncer is not installed");
        return;
    };
    let json = |line: &str, more: &str| -> (Option<i32>, Value) {
        let mut command = world.sandbox.command(&format!("{line} --output json"));
        let output =
            command.env("FOREBAY_DATABASE_URL", world.db.url_through(&pooler) + more).output().unwrap();
        let document = serde_json::from_slice(&output.stdout);
        (output.status.code(), document.unwrap_or_else(|_| panic!("{}", shown(&output))))
    };
    for line in ["db up", "db down --to 3 --yes", "db reset --yes", "db backup copy.dump"] {
        let (exit, refused) = json(line, "");
        assert_eq!(
            (exit, &refused["error"]["code"]),
            (Some(2), &json!("transaction_pooler")),
            "{line}: {refused}"
        );
        assert!(refused["error"]["hint"].as_str().unwrap().contains("direct connection"), "{refused}");
    }
    let connection = |more: &str| {
        let (_, document) = json("doctor", more);
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["code"] == "connection").unwrap().clone()
    };
    let check = connection("");
    assert!(check["message"].as_str().unwrap().contains("a pooler in transaction mode"), "{check}");
    assert_eq!(check["status"], "ok", "{check}");
    let check = connection("&pgbuoncer=true");
    assert!(check["message"].as_str().unwrap().ends_with("unknown options: pgbuoncer"), "{check}");
    assert_eq!(check["status"], "warning", "{check}");
}
