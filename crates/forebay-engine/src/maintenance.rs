//! Maintenance on request, for machines without workers: the partitions of the next months, and what is past its
//! retention. Workers do the same every hour, each part at most once for all of them.

use std::time::Duration;

use forebay_store::{
    breakers,
    connect::Database,
    deliveries,
    doctor::{self, ExtensionState},
    handoffs,
    maintenance::{self, Task},
    notifications, pages, workers,
};

pub use forebay_store::maintenance::{Mode, Months};

use crate::error::{Error, Result};

/// The extension that can archive logs.
pub(crate) const TIMESCALEDB: &str = "timescaledb";

/// How long dead workers are listed.
pub(crate) const DEAD_WORKERS: Duration = Duration::from_hours(24);

/// How long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Superseded hand-offs, failed attempts, breaker history, run logs and known pages; `None`: forever. Default: 30
    /// days.
    pub history: Option<Duration>,
    /// The log of deliveries; `None`: forever. Default: 7 days.
    pub deliveries: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { history: Some(Duration::from_hours(30 * 24)), deliveries: Some(Duration::from_hours(7 * 24)) }
    }
}

/// What maintenance did, or would do.
#[derive(Debug, Default)]
pub struct Maintained {
    /// Created partitions, and dropped ones.
    pub months: Months,
    /// Deleted rows: superseded hand-offs, failed attempts, and limits that are no longer used.
    pub num_handoffs: u64,
    /// Deleted rows of the log of deliveries.
    pub num_deliveries: u64,
    /// Deleted rows of pages that were not read since.
    pub num_pages: u64,
    /// Deleted state changes of breakers.
    pub num_breaker_changes: u64,
    /// Deleted notifications, and their receivers that no worker serves.
    pub num_notifications: u64,
    /// Deleted rows of workers that were not seen for a day.
    pub num_workers: u64,
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
    if mode == Mode::Delete {
        for task in [Task::Prune, Task::PruneScraping, Task::PruneWorkers, Task::PruneDeliveries] {
            maintenance::begin(client, task, Duration::ZERO).await?;
        }
    }
    let mut done = Maintained {
        months: maintenance::create_months(client, mode).await?,
        num_workers: workers::prune(client, DEAD_WORKERS, mode).await?,
        timescaledb: doctor::extension(client, TIMESCALEDB).await?,
        ..Maintained::default()
    };
    if let Some(retention) = retention.deliveries {
        done.num_deliveries = deliveries::prune(client, retention, mode).await?;
    }
    let Some(retention) = retention.history else { return Ok(done) };
    done.num_handoffs = handoffs::prune(client, retention, mode).await?;
    done.num_pages = pages::prune(client, retention, mode).await?;
    done.num_breaker_changes = breakers::prune(client, retention, mode).await?;
    done.num_notifications = notifications::prune(client, retention, mode).await?;
    // Last, because dropping a month waits for its readers.
    match maintenance::drop_months(client, retention, mode).await {
        Ok(months) => done.months.dropped = months.dropped,
        Err(error) if error.code() == "database_timeout" => done.error = Some(error.into()),
        Err(error) => return Err(error.into()),
    }
    Ok(done)
}
