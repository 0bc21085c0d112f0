//! A worker while Postgres stops and restarts, on the test's own cluster, controlled with `pg_ctl`.

use std::{
    io::{BufRead, BufReader},
    process::{ChildStderr, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::of;
use crate::{Sandbox, database::write_records, server::Server, shown, site::PATIENCE, worker::Worker};

impl Server {
    fn json(&self, sandbox: &Sandbox, line: &str) -> Value {
        let mut command = sandbox.command(&format!("{line} --output json"));
        let output = command.env("FOREBAY_DATABASE_URL", &self.url).output().unwrap();
        assert!(output.status.success(), "{line}: {}", shown(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn persist(&self, sandbox: &Sandbox, title: &str) {
        let file = write_records(sandbox, "one.jsonl", [json!({ "id": title, "title": title })]);
        self.json(sandbox, &format!("persist {file} --source courses --key id"));
    }

    /// Waits until the handed-off record is found.
    fn wait_for(&self, sandbox: &Sandbox, title: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.json(sandbox, &format!("search {title}"))["hits"] == json!([]) {
            assert!(Instant::now() < deadline, "{title} is not worked on");
        }
    }
}

/// A program's standard error, line by line.
fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

#[test]
fn a_worker_outlives_the_databases_restarts() {
    let sandbox = Sandbox::new();
    let server = Server::start();
    server.json(&sandbox, "db up");
    let mut command = sandbox.command("work --output json --grace 5s");
    command.env("FOREBAY_DATABASE_URL", &server.url).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut worker = Worker(command.spawn().unwrap());
    let notes = lines(worker.0.stderr.take().unwrap());
    let next = || notes.recv_timeout(PATIENCE).expect("the worker says nothing");
    let wait_for = |text: &str| {
        loop {
            let line = next();
            if line.contains(text) {
                return line;
            }
        }
    };
    wait_for("working for documents");
    server.persist(&sandbox, "before");
    server.wait_for(&sandbox, "before");

    server.stop();
    wait_for("the database cannot be reached; retrying");
    server.restart();
    wait_for("the database can be reached again");
    server.persist(&sandbox, "between");
    server.wait_for(&sandbox, "between");

    // An outage so short that it may go unnoticed.
    server.restart();
    server.persist(&sandbox, "after");
    server.wait_for(&sandbox, "after");

    worker.signal(Signal::TERM);
    let mut stdout = String::new();
    std::io::Read::read_to_string(worker.0.stdout.as_mut().unwrap(), &mut stdout).unwrap();
    assert_eq!(worker.exit(), Some(130), "{stdout}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let num_outages = lines.iter().filter(|line| line["event"] == "database_unreachable").count();
    let num_ended = lines.iter().filter(|line| line["event"] == "database_reachable").count();
    assert_eq!(num_outages, num_ended, "an outage is reported once: {stdout}");
    let document = lines.last().unwrap();
    let done = of(document, "documents");
    assert_eq!((&done["num_succeeded"], &done["error"]), (&json!(3), &Value::Null), "{document}");
}
