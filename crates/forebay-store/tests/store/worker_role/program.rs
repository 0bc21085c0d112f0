//! Runs the worker in `examples/worker.py` unchanged. Skipped if Python has no psycopg; `FOREBAY_TEST_PYTHON` names a
//! Python that has it.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio_postgres::config::Host;

use super::World;
use crate::support::{eventually, kill};

struct Program {
    child: Child,
    input: ChildStdin,
    lines: BufReader<ChildStdout>,
}

/// The Python to run the example with, if there is a suitable one.
#[expect(clippy::print_stdout, reason = "a skipped test reports why")]
fn python() -> Option<String> {
    let python = std::env::var("FOREBAY_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let tried = Command::new(&python).args(["-c", "import psycopg"]).stderr(Stdio::null()).status();
    if tried.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    println!("skipped: {python} has no psycopg");
    None
}

impl Program {
    /// Runs the example, with the code `before` between its import and its start.
    fn start(python: &str, world: &World, before: &str) -> Self {
        let config = world.database.config();
        let Host::Unix(folder) = &config.get_hosts()[0] else { panic!("{config:?}") };
        let url =
            format!("host={} dbname={} user={}", folder.display(), config.get_dbname().unwrap(), world.role);
        let mut command = Command::new(python);
        command.args(["-B", "-c", &format!("import worker\n{before}\nworker.main()")]);
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"));
        command.env("FOREBAY_WORKER_URL", url).env("FOREBAY_PIPELINE", super::PIPELINE);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let input = child.stdin.take().unwrap();
        Self { child, input, lines }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the worker ended without output");
        serde_json::from_str(&line).unwrap()
    }

    fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }

    fn terminate(&mut self) -> bool {
        kill(self.child.id(), Signal::TERM);
        self.child.wait().unwrap().success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

#[tokio::test]
async fn the_example_ingests_and_reports_failures() {
    let Some(python) = python() else { return };
    let world = World::new().await;
    world.hand_off("pages", &[json!({"title": "a"}), json!({"name": "b"}), json!({"title": "c"})]).await;
    let mut program = Program::start(&python, &world, "");
    assert_eq!(program.line()["change"], "added");
    program.line();
    eventually("all jobs are reported", || async {
        world.handoffs().await == ["failed permanent 1", "succeeded added 2"]
    })
    .await;
    assert!(program.terminate());
    world.end().await;
}

#[tokio::test]
async fn the_example_releases_unstarted_jobs() {
    let Some(python) = python() else { return };
    let world = World::new().await;
    world.hand_off_many("pages", 5).await;
    // The first job runs until the signal arrives.
    let slow = "ingest = worker.ingest\ndef wait(job):\n    ingest(job)\n    worker.stopping.wait()\nworker.ingest = wait";
    let mut program = Program::start(&python, &world, slow);
    program.line();
    assert_eq!(world.handoffs().await, ["active added 5"]);
    assert!(program.terminate());
    assert_eq!(world.handoffs().await, ["pending added 4", "succeeded added 1"]);
    assert_eq!(world.number("select count(*) from forebay.ingestion_claims").await, 0);
    world.end().await;
}

#[tokio::test]
async fn the_example_extends_its_lease_and_survives_a_lost_connection() {
    let Some(python) = python() else { return };
    let world = World::new().await;
    world.hand_off_many("pages", 2).await;
    // A job runs until the heartbeat has extended the lease; then all connections are closed.
    let beating = "import datetime\nworker.LEASE = datetime.timedelta(seconds=0.6)\ningest = worker.ingest\n\
        def wait(job):\n    ingest(job)\n    input()\nworker.ingest = wait";
    let mut program = Program::start(&python, &world, beating);
    program.line();
    eventually("the lease is extended", || async {
        let extended = "select count(*) from forebay.ingestion_claims where lease_until > claimed_at + interval '1.5 seconds'";
        world.number(extended).await == 1
    })
    .await;
    world
        .run(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = '{}'",
            world.role
        ))
        .await;
    program.go_on();
    program.line();
    program.go_on();
    eventually("both jobs are reported", || async {
        world.handoffs().await.iter().any(|state| state == "succeeded added 2")
    })
    .await;
    assert!(program.terminate());
    world.end().await;
}
