//! The peer graphile-worker: a job queue for Node in Postgres, with the settings that its documentation calls fastest.
//!
//! It runs in a process of its own. Lines on standard input and output control it, so neither starting Node nor loading
//! modules is measured. The address of the database is passed by environment variables, where a password does not show.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use forebay_engine::clock;
use forebay_store::connect::{Client, Database, Target};
use serde::{Deserialize, de::DeserializeOwned};
use tempfile::TempDir;
use tokio::task::block_in_place;

use super::{
    database::{
        Address, add_graphile_worker, add_one_graphile_worker, address, analyze, count_graphile_worker,
    },
    latency::{Latencies, NUM_MEASURED, NUM_WARMING, Pace},
    subject::{Handoff, Sample, count},
};
use crate::{
    failure::Failure,
    scratch::{SCRATCH, expect, settle},
};

const SCRIPT: &str = include_str!("graphile_worker.mjs");
/// How often to look whether all jobs are done. Nothing is measured meanwhile.
const LOOK: Duration = Duration::from_millis(20);
/// How long jobs may take to be done.
const PATIENCE: Duration = Duration::from_mins(1);

/// The peer that was found.
#[derive(Debug)]
pub(super) struct GraphileWorker {
    folder: PathBuf,
    /// The folder of the script.
    scripts: TempDir,
    target: Target,
    /// Its version and that of Node.
    pub(super) version: String,
}

#[derive(Deserialize)]
struct Hello {
    version: String,
    node: String,
}

#[derive(Deserialize)]
struct Ready {}

#[derive(Deserialize)]
struct Drained {
    seconds: f64,
    done: u64,
}

#[derive(Deserialize)]
struct Started {
    /// Number, and milliseconds since the epoch.
    starts: Vec<(u32, f64)>,
}

impl GraphileWorker {
    /// Finds it in a folder.
    pub(super) fn find(folder: &Path, target: Target) -> Result<Self, Failure> {
        let missing = |why: String| {
            Failure::peer_not_found(why).hint(
                "run `npm install graphile-worker` in a folder and name it, or leave out --graphile-worker",
            )
        };
        let found = folder.join("node_modules/graphile-worker/package.json").canonicalize();
        let found = found.map_err(|_| missing(format!("graphile-worker is not in {}", folder.display())))?;
        let folder = found.ancestors().nth(3).unwrap_or(folder).to_owned();
        let scripts = TempDir::new()?;
        fs::write(scripts.path().join("bench.mjs"), SCRIPT)?;
        let mut peer = Self { folder, scripts, target, version: String::new() };
        let hello = peer.command("tell", 1).output().map_err(|_| missing("node cannot be run".to_owned()))?;
        let hello: Hello = parse(&String::from_utf8_lossy(&hello.stdout))?;
        peer.version = format!("{} on Node {}", hello.version, hello.node);
        Ok(peer)
    }

    /// Enqueues everything, then drains it.
    pub(super) async fn sample(
        &self,
        database: &Database,
        batches: &[Vec<Handoff>],
        workers: u16,
    ) -> Result<Sample, Failure> {
        let client = self.prepare(database).await?;
        let started = Instant::now();
        for batch in batches {
            add_graphile_worker(&**client, batch).await?;
        }
        let enqueue = started.elapsed();
        analyze(&**client).await?;

        let address = address(&**client).await?;
        let drained: Drained = block_in_place(|| {
            let mut script = Script::start(self.at(&address, "drain", workers))?;
            script.read::<Hello>()?;
            script.read::<Ready>()?;
            script.go()?;
            script.read()
        })?;
        expect("the number of jobs that graphile-worker did", drained.done, count(batches))?;
        let num_left = count_graphile_worker(&**client).await?;
        expect("what is left in graphile-worker's queue", num_left, 0)?;
        Ok(Sample { enqueue, drain: Duration::from_secs_f64(drained.seconds) })
    }

    /// Enqueues one by one at a low rate, while an instance listens.
    pub(super) async fn latencies(&self, database: &Database) -> Result<Latencies, Failure> {
        let client = self.prepare(database).await?;
        let address = address(&**client).await?;
        let mut script = block_in_place(|| {
            let mut script = Script::start(self.at(&address, "start", 1))?;
            script.read::<Hello>()?;
            script.read::<Ready>()?;
            Ok::<Script, Failure>(script)
        })?;
        let mut pace = Pace::new();
        let mut commits = Vec::new();
        for number in 0..NUM_WARMING + NUM_MEASURED {
            pace.wait().await;
            add_one_graphile_worker(&**client, i32::try_from(number).unwrap_or(i32::MAX)).await?;
            commits.push(SystemTime::from(clock::now()));
            // The first job may be added before it listens, and then waits until it polls.
            if number < NUM_WARMING {
                wait_until_done(&client).await?;
            }
        }
        wait_until_done(&client).await?;
        let mut started: Started = block_in_place(|| {
            script.go()?;
            script.read()
        })?;
        started.starts.sort_unstable_by_key(|start| start.0);
        expect("the number of jobs that were begun", started.starts.len() as u64, commits.len() as u64)?;
        let starts: Vec<SystemTime> = started
            .starts
            .iter()
            .map(|start| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(start.1.max(0.0) / 1000.0))
            .collect();
        Ok(Latencies::between(&commits, &starts))
    }

    /// Creates its schema.
    async fn prepare(&self, database: &Database) -> Result<Client, Failure> {
        let client = database.client().await?;
        let address = address(&**client).await?;
        let status = block_in_place(|| self.at(&address, "prepare", 1).stdout(Stdio::null()).status());
        if !status?.success() {
            return Err(failed());
        }
        settle(&**client).await?;
        Ok(client)
    }

    fn command(&self, task: &str, instances: u16) -> Command {
        let mut command = Command::new("node");
        command
            .arg(self.scripts.path().join("bench.mjs"))
            .arg(&self.folder)
            .arg(task)
            .arg(instances.to_string());
        command.stdin(Stdio::null()).env("NO_LOG_SUCCESS", "1");
        command
    }

    /// The same with the address of the scratch database.
    fn at(&self, address: &Address, task: &str, instances: u16) -> Command {
        let mut command = self.command(task, instances);
        command.env("PGDATABASE", SCRATCH);
        match &self.target {
            Target::Url(url) => {
                command.env("DATABASE_URL", url);
            }
            Target::Embedded { .. } => {
                command.env_remove("DATABASE_URL").env("PGHOST", &address.socket_folder);
                command.env("PGPORT", &address.port).env("PGUSER", &address.user);
            }
        }
        command
    }
}

async fn wait_until_done(client: &Client) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let num_left = count_graphile_worker(&***client).await?;
        if num_left == 0 {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return expect("what is left in graphile-worker's queue", num_left, 0);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A running script. Dropping this ends it.
struct Script {
    child: Child,
    input: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Script {
    fn start(mut command: Command) -> Result<Self, Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self { child, input, lines: BufReader::new(output) }),
            _ => Err(failed()),
        }
    }

    fn go(&mut self) -> Result<(), Failure> {
        self.input.write_all(b"go\n").map_err(|_| failed())
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let mut line = String::new();
        self.lines.read_line(&mut line).map_err(|_| failed())?;
        parse(&line)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // Both fail if it has already ended.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn parse<T: DeserializeOwned>(line: &str) -> Result<T, Failure> {
    serde_json::from_str(line.trim()).map_err(|_| failed())
}

fn failed() -> Failure {
    Failure::bench("graphile-worker failed; its error message is above")
        .hint("leave out --graphile-worker to measure without it")
}
