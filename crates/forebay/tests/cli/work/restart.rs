//! A worker while Postgres stops and restarts, on the test's own cluster, controlled with `pg_ctl`.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use forebay_store::cluster::{self, Cluster, ClusterOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::of;
use crate::{Sandbox, database::write_records, shown};

const PATIENCE: Duration = Duration::from_mins(4);

/// A server that only the test controls.
struct Server {
    folder: TempDir,
    pg_ctl: PathBuf,
    url: String,
}

impl Server {
    /// Lets Forebay create a cluster, then runs the server without Forebay.
    fn start() -> Self {
        // Not the configured temporary folder, which the server's user may be unable to access, or whose path may be
        // too long for a socket.
        let folder = tempfile::Builder::new().prefix("forebay-restart-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let data_dir = folder.path().join("data");
        let socket = Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            // A durable cluster: a crash must not lose committed data.
            let cluster = Cluster::join(&ClusterOptions::new(&data_dir)).await.unwrap();
            let socket = cluster::status(&data_dir).await.unwrap().socket.unwrap();
            cluster.leave().await.unwrap();
            socket
        });
        // The quoted program, followed by its arguments.
        let ran = fs::read_to_string(data_dir.join("postgres/postmaster.opts")).unwrap();
        let program = Path::new(ran.split_whitespace().next().unwrap().trim_matches('"'));
        let url = format!("postgresql://forebay@{}/forebay", socket.to_str().unwrap().replace('/', "%2F"));
        let server = Self { pg_ctl: program.with_file_name("pg_ctl"), folder, url };
        server.restart();
        server
    }

    /// Starts the server again with the same arguments, after a crash if it is running.
    fn restart(&self) {
        assert!(self.pg_ctl("restart"), "the server does not start");
    }

    /// Stops it like a crash.
    fn stop(&self) {
        assert!(self.pg_ctl("stop"), "the server does not stop");
    }

    fn pg_ctl(&self, what: &str) -> bool {
        let data = self.folder.path().join("data/postgres");
        let owner = fs::metadata(&data).unwrap();
        let mut command = Command::new(&self.pg_ctl);
        command.args([what, "-m", "immediate", "-w", "-D"]).arg(&data);
        command.arg("-l").arg(data.join("restarted.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        command.uid(owner.uid()).gid(owner.gid());
        command.status().unwrap().success()
    }

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

impl Drop for Server {
    fn drop(&mut self) {
        // A failed test may have stopped it already.
        self.pg_ctl("stop");
    }
}

/// A worker; dropping it kills it.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // It fails only if the process has ended.
        let _ended = self.0.kill();
        let _status = self.0.wait();
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

    let pid = rustix::process::Pid::from_child(&worker.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut stdout = String::new();
    std::io::Read::read_to_string(worker.0.stdout.as_mut().unwrap(), &mut stdout).unwrap();
    assert_eq!(worker.0.wait().unwrap().code(), Some(0), "{stdout}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let num_outages = lines.iter().filter(|line| line["event"] == "database_unreachable").count();
    let num_ended = lines.iter().filter(|line| line["event"] == "database_reachable").count();
    assert_eq!(num_outages, num_ended, "an outage is reported once: {stdout}");
    let document = lines.last().unwrap();
    let done = of(document, "documents");
    assert_eq!((&done["num_succeeded"], &done["error"]), (&json!(3), &Value::Null), "{document}");
}
