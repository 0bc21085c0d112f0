//! Options of workers.

use std::time::Duration;

use forebay_store::pipelines::Pipeline;

use super::{declarations::Declarations, kind::Workers, own_name::own_name};
use crate::{maintenance::Retention, notify::Notifying};

/// Options of workers.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkOptions {
    /// What this program declares. Other pipelines are left alone, except for `documents` without
    /// embeddings. Default: nothing.
    pub declarations: Declarations,
    /// The pipelines to work for. Default: empty, for all enabled pipelines.
    pub pipelines: Vec<String>,
    /// Maximum number of hand-offs per transaction or claim. Default: 500.
    pub batch: u32,
    /// Batches of one pipeline in progress at the same time. Default: 1.
    pub concurrency: u32,
    /// How long batches in progress may continue after a stop; unfinished hand-offs are then released. Default: 30
    /// seconds.
    pub grace: Duration,
    /// How long a claim holds without a heartbeat. The worker sends three in that time, however long a delivery takes,
    /// so the hand-offs of a dead worker are free again soon. Default: 1 minute.
    pub lease: Duration,
    /// The name of this worker, for operators; give each process its own. Default: `HOST:PID:xxxxx` with random
    /// digits, because containers may have the same host name and process id.
    pub worker: String,
    /// How often every reference is checked for missing hand-offs; `None`: never. Default: every hour.
    pub reconcile_every: Option<Duration>,
    /// How long superseded hand-offs, failed attempts, breaker history, run logs and known pages are kept; `None`:
    /// forever. Default: 30 days.
    pub retention: Option<Duration>,
    /// How long the log of deliveries is kept; `None`: forever. Default: 7 days.
    pub delivery_retention: Option<Duration>,
    /// The notifications to send. Default: none.
    pub notifying: Notifying,
}

impl Default for WorkOptions {
    fn default() -> Self {
        Self {
            declarations: Declarations::default(),
            pipelines: Vec::new(),
            batch: 500,
            concurrency: 1,
            grace: Duration::from_secs(30),
            lease: Duration::from_mins(1),
            worker: own_name(),
            reconcile_every: Some(Duration::from_hours(1)),
            retention: Retention::default().history,
            delivery_retention: Retention::default().deliveries,
            notifying: Notifying::default(),
        }
    }
}

impl WorkOptions {
    /// Whether workers with these options work for a pipeline: it is chosen and enabled, its handler is not external,
    /// and this program declares it.
    pub fn serves(&self, pipeline: &Pipeline) -> bool {
        (self.pipelines.is_empty() || self.pipelines.contains(&pipeline.spec.name))
            && Workers::of_pipeline(pipeline) == Workers::Forebay
            && self.declarations.check(&pipeline.spec).is_ok()
    }

    /// The number of connections that [`follow`](super::follow) or [`drain`](super::drain) needs: two for each worker
    /// of a pipeline, one for each notifier, and eight for listening, looking for work, leases, heartbeats and
    /// maintenance.
    pub fn num_connections(&self) -> usize {
        let num_workers = usize::try_from(self.concurrency.max(1)).unwrap_or(usize::MAX);
        num_workers.saturating_mul(2).saturating_add(8 + self.notifying.notifiers.len())
    }
}
