//! Worker processes: who works for which pipelines, since when, and what they have claimed.
//!
//! A process of Forebay keeps its row up to date with one statement every few seconds. Workers in other languages have
//! rows because `claim_jobs` notes the name that they give. A hand-off is tied to a worker by its claim; handlers that
//! work inside the database hold row locks instead, and only their rows say who works for a pipeline.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::{
    GenericClient, Row,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    jobs::{FailureAck, FailureReport},
    maintenance::{Expiring, Mode},
    row::ReadRow,
};

const SEEN: &str = include_str!("workers/seen.sql");
const LIST: &str = include_str!("workers/list.sql");

/// A process of Forebay that was not seen for so long is dead. It is seen every five seconds.
pub(crate) const ALIVE_FOR: Duration = Duration::from_secs(30);
/// The same for a worker outside Forebay without a lease. It is seen only when it calls.
pub(crate) const OUTSIDE_ALIVE_FOR: Duration = Duration::from_mins(10);

forebay_domain::words! {
    /// The state of a worker.
    pub enum WorkerState {
        /// It claims and works.
        Working = "working",
        /// It finishes what it has, and claims nothing more.
        Stopping = "stopping",
        /// It was not seen for long. What it has claimed is free when the lease ends.
        Dead = "dead",
    }
}

/// This process as a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The name of the machine.
    pub host: String,
    /// The process id on it.
    pub pid: u32,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its name; `None`: workers outside Forebay that give none.
    pub name: Option<String>,
    /// Its machine; `None`: a worker outside Forebay.
    pub host: Option<String>,
    /// Its process; `None`: a worker outside Forebay.
    pub pid: Option<i32>,
    /// Its version of Forebay; `None`: a worker outside Forebay.
    pub version: Option<String>,
    /// Its state.
    pub state: WorkerState,
    /// The names of the pipelines that it works for.
    pub pipelines: Vec<String>,
    /// How far its clock is ahead of the database's, in milliseconds; `None`: unknown.
    pub clock_skew_ms: Option<i64>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
    /// How long ago that was, by the database's clock.
    pub unseen: Duration,
    /// Claims that it holds.
    pub num_claims: u64,
    /// Hand-offs of these claims that it hasn't reported yet.
    pub num_handoffs: u64,
    /// When the last of its leases ends; `None`: it has none.
    pub lease_until: Option<Timestamp>,
}

/// What a process says about itself in a heartbeat.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat<'a> {
    /// The worker's name.
    pub name: &'a str,
    /// The process.
    pub process: &'a Process,
    /// Whether it finishes what it has and claims nothing more.
    pub is_stopping: bool,
    /// The names of the pipelines that it works for.
    pub pipelines: &'a [String],
    /// The time by its own clock.
    pub now: Timestamp,
    /// How long it has been working.
    pub uptime: Duration,
    /// Whether it is its first one.
    pub is_first: bool,
}

impl Process {
    /// This process.
    pub fn this() -> Self {
        let system = rustix::system::uname();
        Self { host: system.nodename().to_string_lossy().into_owned(), pid: std::process::id() }
    }

    /// The name of a worker that this process runs, unless it was given one. Containers often share a host name, and
    /// each begins at process 1: the seed tells them apart.
    pub fn worker_name(&self, seed: u64) -> String {
        format!("{}:{}:{:05x}", self.host, self.pid, seed >> 44)
    }
}

/// Records that a worker is alive.
pub async fn seen(client: &impl GenericClient, heartbeat: Heartbeat<'_>) -> Result<()> {
    let Heartbeat { name, process, is_stopping, pipelines, now, uptime, is_first } = heartbeat;
    let state = if is_stopping { WorkerState::Stopping } else { WorkerState::Working };
    client
        .execute_typed(
            SEEN,
            &[
                (&name, Type::TEXT),
                (&process.host, Type::TEXT),
                (&process.pid.cast_signed(), Type::INT4),
                (&env!("CARGO_PKG_VERSION"), Type::TEXT),
                (&state.as_str(), Type::TEXT),
                (&pipelines, Type::TEXT_ARRAY),
                (&now, Type::TIMESTAMPTZ),
                (&uptime.as_secs_f64(), Type::FLOAT8),
                (&is_first, Type::BOOL),
            ],
        )
        .await?;
    Ok(())
}

/// Deletes the row of a worker that has ended.
pub async fn forget(client: &impl GenericClient, name: &str) -> Result<()> {
    client.execute_typed("delete from forebay.workers where worker = $1", &[(&name, Type::TEXT)]).await?;
    Ok(())
}

/// Deletes or counts the rows of workers that were not seen for `age` and hold nothing.
pub async fn prune(client: &impl GenericClient, age: Duration, mode: Mode) -> Result<u64> {
    let expiring = Expiring {
        table: "forebay.workers",
        is_expired: "t.last_seen_at < now() - make_interval(secs => $1) \
             and not exists (select from forebay.ingestion_claims as c where c.worker = t.worker)",
        age: "last_seen_at",
    };
    expiring.prune(client, age, mode).await
}

/// All workers by name, or the one of a name; those without a name are one entry, the last.
pub async fn list(client: &impl GenericClient, name: Option<&str>) -> Result<Vec<Worker>> {
    let (own, outside) = (ALIVE_FOR.as_secs_f64(), OUTSIDE_ALIVE_FOR.as_secs_f64());
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&name, Type::TEXT), (&own, Type::FLOAT8), (&outside, Type::FLOAT8)];
    client.query_typed(LIST, &parameters).await?.iter().map(worker).collect()
}

/// Frees everything that a worker has claimed, whether it is dead or not: its attempts end as lost, and its late
/// reports are refused.
pub async fn release(client: &impl GenericClient, name: &str) -> Result<FailureReport> {
    let statement = "select r.verdict from forebay_private.release_worker($1) as r";
    let rows = client.query_typed(statement, &[(&name, Type::TEXT)]).await?;
    let verdicts: Vec<FailureAck> = rows.iter().map(|row| row.word("verdict")).collect::<Result<_>>()?;
    Ok(FailureReport::of(&verdicts))
}

fn worker(row: &Row) -> Result<Worker> {
    Ok(Worker {
        name: row.read("worker")?,
        host: row.read("host")?,
        pid: row.read("pid")?,
        version: row.read("version")?,
        state: row.word("state")?,
        pipelines: row.read("pipelines")?,
        clock_skew_ms: row.read("clock_skew_ms")?,
        started_at: row.read("started_at")?,
        last_seen_at: row.read("last_seen_at")?,
        unseen: Duration::from_secs_f64(row.read::<f64>("unseen_seconds")?.max(0.0)),
        num_claims: row.count("num_claims")?,
        num_handoffs: row.count("num_handoffs")?,
        lease_until: row.read("lease_until")?,
    })
}
