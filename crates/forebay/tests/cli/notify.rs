//! Notifications of real processes: tried, sent, refused, and taken over from a worker that was killed.

use std::{fs, path::PathBuf, thread, time::Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    shown,
    site::{PATIENCE, POLL},
    worker::Worker,
};

/// A receiver that appends what it gets to a file, and takes its time while another file exists.
struct Pager {
    sandbox: Sandbox,
    db: TestDb,
}

impl Pager {
    fn new(command: &str) -> Self {
        let sandbox = Sandbox::new();
        let text = format!(
            "[notify.ops]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", {}]\ndirectory = {}\ngroup_wait = \"0s\"\n\
             [server]\npublic_url = \"https://ops.example.org/forebay\"\n",
            json!(command),
            json!(sandbox.path())
        );
        sandbox.configure(&text);
        Self { sandbox, db: database() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.file("events.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn wait_for_events(&self, number: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.events().len() < number {
            assert!(Instant::now() < deadline, "{:?}", self.events());
            thread::sleep(POLL);
        }
    }

    /// Makes a held run. Returns its id.
    fn hold_run(&self) -> u64 {
        for (number, exit) in [(40, 0), (5, 3)] {
            let records = (0..number).map(|n| json!({ "id": format!("c{n}") }));
            let file = write_records(&self.sandbox, "rooms.jsonl", records);
            let line = format!("persist {file} --source rooms --key id --complete");
            let output = self.db.run(&self.sandbox, &line);
            assert_eq!(output.status.code(), Some(exit), "{}", shown(&output));
        }
        2
    }
}

const APPEND: &str = "cat >> events.jsonl; while [ -e hold ]; do sleep 0.05; done";

#[test]
fn a_killed_worker_loses_nothing_and_two_others_tell_each_problem_once() {
    let pager = Pager::new(APPEND);
    let run_id = pager.hold_run();
    let (db, sandbox) = (&pager.db, &pager.sandbox);
    fs::write(pager.file("hold"), "").unwrap();
    let mut first = Worker::start(sandbox, &db.url, "work");
    pager.wait_for_events(1);
    // It has a row only a moment after it has begun to work.
    db.wait_for("select count(*) from forebay.workers", "1");
    first.signal(Signal::KILL);
    first.exit();
    fs::remove_file(pager.file("hold")).unwrap();
    let (_, list) = db.json(sandbox, "notify list");
    assert_eq!(list["notifications"][0]["state"], "active", "{list}");
    assert_eq!(list["notifiers"][0]["firing"][0]["subject"], format!("run {run_id}"), "{list}");

    db.execute("update forebay.notifications set lease_until = now()");
    let _workers = [Worker::start(sandbox, &db.url, "work"), Worker::start(sandbox, &db.url, "work")];
    let settled = "select count(*) from forebay.notifications where state = 'succeeded'";
    // The second one reports the worker that was killed.
    db.execute("update forebay.workers set last_seen_at = now() - interval '1 minute' where pid is not null");
    db.wait_for(&format!("({settled}) >= 1"), "true");
    let events = pager.events();
    assert_eq!(events[0]["id"], events[1]["id"], "the id is the same in each attempt");
    assert_eq!(events[1]["data"]["alerts"][0]["next_command"], format!("forebay runs diff {run_id}"));
    let link = format!("https://ops.example.org/forebay/runs/{run_id}");
    assert_eq!(events[1]["data"]["alerts"][0]["link"], link);

    let rejected = db.run(sandbox, &format!("runs reject {run_id}"));
    assert!(rejected.status.success(), "{}", shown(&rejected));
    let is_told = |status: &str, event: &str| {
        let events = pager.events();
        let alerts = events.iter().flat_map(|one| one["data"]["alerts"].as_array().unwrap().clone());
        alerts.filter(|one| one["status"] == status && one["event"] == event).count()
    };
    let deadline = Instant::now() + PATIENCE;
    while is_told("resolved", "run_held") == 0 || is_told("firing", "worker_gone") == 0 {
        assert!(Instant::now() < deadline, "{:?}", pager.events());
        thread::sleep(POLL);
    }
    // Once by the killed worker and once by its heir, and never again.
    assert_eq!((is_told("firing", "run_held"), is_told("resolved", "run_held")), (2, 1));
    assert_eq!(is_told("repeated", "run_held"), 0);
}

#[test]
fn a_receiver_is_tried_without_a_database_and_its_failure_is_named() {
    let pager = Pager::new("cat > event.json; echo thanks");
    let output = pager.sandbox.command("notify test ops --output json").output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let tested: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&tested["is_delivered"], &tested["answer"]), (&json!(true), &json!("thanks")));
    let event: Value = serde_json::from_str(&fs::read_to_string(pager.file("event.json")).unwrap()).unwrap();
    assert_eq!(event["data"]["is_test"], true);

    let output = pager.sandbox.command("notify test opps").output().unwrap();
    let text = shown(&output);
    assert!(output.status.code() == Some(2) && text.contains("did you mean `ops`?"), "{text}");

    let pager = Pager::new("echo the pager is broken >&2; exit 7");
    let (exit, text) = pager.db.text(&pager.sandbox, "notify test ops");
    assert_eq!(exit, 1, "{text}");
    assert!(
        text.contains("did not accept it: command_failed") && text.contains("the pager is broken"),
        "{text}"
    );
    pager.hold_run();
    let output = pager.db.run(&pager.sandbox, "work --drain");
    assert!(output.status.success(), "{}", shown(&output));
    let (_, text) = pager.db.text(&pager.sandbox, "notify list");
    for part in ["retrying", "run 2 of rooms is held", "command_failed after 1 attempt", "broken"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, doctor) = pager.db.json(&pager.sandbox, "doctor");
    let check =
        doctor["checks"].as_array().unwrap().iter().find(|check| check["code"] == "notifiers").unwrap();
    assert_eq!((&check["status"], &check["subject"]), (&json!("failed"), &json!("ops")), "{check}");
    assert!(check["message"].as_str().unwrap().contains("command_failed"), "{check}");
}
