//! Maintenance on request, for machines without workers: the partitions of the next months, and what is past its
//! retention. Workers do the same every hour, each part at most once for all of them.

use std::time::Duration;

use forebay_store::{
    actions, breakers,
    connect::Database,
    deliveries,
    doctor::{self, ExtensionState},
    handoffs,
    maintenance::{self, Task},
    notifications, pages, requests, workers,
};
use tokio_postgres::Client;

pub use forebay_store::maintenance::{Mode, Months};

use crate::error::{Error, Result};

/// The extension that can archive logs.
pub(crate) const TIMESCALEDB: &str = "timescaledb";

/// How long dead workers are listed.
const DEAD_WORKERS: Duration = Duration::from_hours(24);
/// Minimum time to keep what operators did: the audit trail is small, and asked months later.
const MIN_ACTIONS: Duration = Duration::from_hours(24 * 365);
/// The tasks that delete rows.
pub(crate) const PRUNING: [Task; 4] =
    [Task::PruneWorkers, Task::PruneDeliveries, Task::Prune, Task::PruneScraping];

/// How long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Superseded hand-offs, failed attempts, breaker history, run logs, known pages, notifications, and what operators
    /// did, which is kept for at least a year; `None`: forever. Default: 30 days.
    pub history: Option<Duration>,
    /// The log of deliveries; `None`: forever. Default: 7 days.
    pub deliveries: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { history: Some(Duration::from_hours(30 * 24)), deliveries: Some(Duration::from_hours(7 * 24)) }
    }
}

/// Deleted rows, by what they are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Superseded hand-offs, failed attempts, and limits that are no longer used.
    pub num_handoffs: u64,
    /// Rows of the log of deliveries.
    pub num_deliveries: u64,
    /// Pages that were not read since.
    pub num_pages: u64,
    /// State changes of breakers.
    pub num_breaker_changes: u64,
    /// Notifications, and their receivers that no worker serves.
    pub num_notifications: u64,
    /// Rows of the audit trail.
    pub num_actions: u64,
    /// Requests with an idempotency key, which are kept for a day.
    pub num_requests: u64,
    /// Workers that were not seen for a day.
    pub num_workers: u64,
}

impl Pruned {
    /// Deleted rows of history: all but those of workers and requests.
    pub(crate) const fn num_history(&self) -> u64 {
        let Self {
            num_handoffs,
            num_deliveries,
            num_pages,
            num_breaker_changes,
            num_notifications,
            num_actions,
            num_requests: _,
            num_workers: _,
        } = *self;
        num_handoffs + num_deliveries + num_pages + num_breaker_changes + num_notifications + num_actions
    }
}

/// What maintenance did, or would do.
#[derive(Debug, Default)]
pub struct Maintained {
    /// Created partitions, and dropped ones.
    pub months: Months,
    /// Deleted rows.
    pub pruned: Pruned,
    /// The extension that can archive logs; `None`: the server doesn't have it.
    pub timescaledb: Option<ExtensionState>,
    /// Why no months of logs were dropped. The rest was done.
    pub error: Option<Error>,
}

/// Creates the partitions of this month and the next two, and deletes what is past its retention; workers then wait an
/// hour before they do so again. With [`Mode::Count`], changes nothing.
///
/// Errors: those of the database, except that readers of the logs blocked dropping their months
/// ([`Maintained::error`]).
pub async fn maintain(database: &Database, retention: Retention, mode: Mode) -> Result<Maintained> {
    let client = database.client().await?;
    let client = &**client;
    let mut done = Maintained {
        timescaledb: doctor::extension(client, TIMESCALEDB).await?,
        months: maintenance::create_months(client, mode).await?,
        ..Maintained::default()
    };
    for task in PRUNING {
        if mode == Mode::Delete {
            maintenance::begin(client, task, Duration::ZERO).await?;
        }
        prune(client, task, retention, mode, &mut done.pruned).await?;
    }
    let Some(retention) = retention.history else { return Ok(done) };
    // Last, because dropping a month waits for its readers.
    match maintenance::drop_months(client, retention, mode).await {
        Ok(months) => done.months.dropped = months.dropped,
        Err(error) if error.code() == "database_timeout" => done.error = Some(error.into()),
        Err(error) => return Err(error.into()),
    }
    Ok(done)
}

/// Deletes or counts the rows of a task that are past their retention.
pub(crate) async fn prune(
    client: &Client,
    task: Task,
    retention: Retention,
    mode: Mode,
    done: &mut Pruned,
) -> Result<()> {
    match (task, retention) {
        (Task::PruneWorkers, _) => {
            done.num_workers = workers::prune(client, DEAD_WORKERS, mode).await?;
            done.num_requests = requests::prune(client, mode).await?;
        }
        (Task::PruneDeliveries, Retention { deliveries: Some(retention), .. }) => {
            done.num_deliveries = deliveries::prune(client, retention, mode).await?;
        }
        (Task::Prune, Retention { history: Some(retention), .. }) => {
            done.num_handoffs = handoffs::prune(client, retention, mode).await?;
            done.num_notifications = notifications::prune(client, retention, mode).await?;
        }
        (Task::PruneScraping, Retention { history: Some(retention), .. }) => {
            done.num_pages = pages::prune(client, retention, mode).await?;
            done.num_breaker_changes = breakers::prune(client, retention, mode).await?;
            done.num_actions = actions::prune(client, retention.max(MIN_ACTIONS), mode).await?;
        }
        (Task::Reconcile | Task::PruneDeliveries | Task::Prune | Task::PruneScraping, _) => {}
    }
    Ok(())
}
