//! Workers.

use forebay_store::{jobs::FailureReport, workers};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A worker process and its claims. Handlers that work inside the database claim nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Worker {
    /// Its name; null: the workers outside Forebay that give none.
    pub worker: Option<String>,
    /// The machine that it runs on; null: a worker outside Forebay.
    pub host: Option<String>,
    /// Its process id; null: a worker outside Forebay.
    pub pid: Option<i32>,
    /// Its version of Forebay; null: a worker outside Forebay.
    pub version: Option<String>,
    /// Its state. `stopping`: it finishes what it has. `dead`: it was not seen for 30 seconds or, outside Forebay, for
    /// ten minutes and has no lease.
    #[schemars(schema_with = "crate::words::worker_state")]
    pub state: String,
    /// The names of the pipelines that it works for.
    pub pipelines: Vec<String>,
    /// Claims that it holds.
    pub num_claims: u64,
    /// Hand-offs of these claims that it has not reported yet.
    pub num_handoffs: u64,
    /// When the last of its leases ends; null: it has none.
    pub lease_until: Option<Time>,
    /// How far its clock is ahead of the database's; negative: behind; null: unknown.
    pub clock_skew_ms: Option<i64>,
    /// When it started.
    pub started_at: Time,
    /// When it was last heard of.
    pub last_seen_at: Time,
}

/// The result of releasing the claims of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerReleased {
    /// Its name.
    pub worker: String,
    /// Hand-offs that are retried, with the reason `lease_lost`.
    pub num_retrying: u64,
    /// Hand-offs that failed as `poison`: too many workers were lost with them.
    pub num_failed: u64,
    /// Hand-offs that newer content replaced.
    pub num_superseded: u64,
    /// Hand-offs whose attempt an operator had cancelled.
    pub num_cancelled: u64,
    /// Hand-offs that were being reported at that moment, and stay claimed.
    pub num_busy: u64,
}

impl From<workers::Worker> for Worker {
    fn from(worker: workers::Worker) -> Self {
        Self {
            worker: worker.name,
            host: worker.host,
            pid: worker.pid,
            version: worker.version,
            state: worker.state.as_str().to_owned(),
            pipelines: worker.pipelines,
            num_claims: worker.num_claims,
            num_handoffs: worker.num_handoffs,
            lease_until: worker.lease_until.map(Time::from),
            clock_skew_ms: worker.clock_skew_ms,
            started_at: worker.started_at.into(),
            last_seen_at: worker.last_seen_at.into(),
        }
    }
}

impl WorkerReleased {
    /// What the release of a worker did.
    pub fn new(worker: String, done: FailureReport) -> Self {
        let FailureReport {
            num_retrying,
            num_failed,
            num_superseded,
            num_cancelled,
            num_busy,
            num_refused: _,
        } = done;
        Self { worker, num_retrying, num_failed, num_superseded, num_cancelled, num_busy }
    }
}
