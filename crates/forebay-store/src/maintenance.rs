//! Periodic tasks: when each was last started. For each period, one of all workers runs the task.

use std::time::Duration;

use tokio_postgres::{GenericClient, types::Type};

use crate::error::Result;

/// Number of rows that one statement deletes.
pub(crate) const PORTION: i64 = 10_000;

forebay_domain::words! {
    /// A periodic task.
    pub enum Task {
        /// Checks every reference for missing hand-offs.
        Reconcile = "reconcile",
        /// Deletes history past its retention.
        Prune = "prune",
        /// Deletes logs, pages and breaker trails past their retention.
        PruneScraping = "prune_scraping",
        /// Deletes the rows of workers that were not seen for a day.
        PruneWorkers = "prune_workers",
        /// Deletes the log of deliveries past its retention.
        PruneDeliveries = "prune_deliveries",
    }
}

/// Whether the caller should run a task now: it was not started within `every`, and no other worker claimed it.
pub async fn begin(client: &impl GenericClient, task: Task, every: Duration) -> Result<bool> {
    let statement = "insert into forebay.maintenance as u (task, began_at) values ($1, now()) \
         on conflict (task) do update set began_at = now() \
         where u.began_at <= now() - make_interval(secs => $2)";
    let num_begun = client
        .execute_typed(statement, &[(&task.as_str(), Type::TEXT), (&every.as_secs_f64(), Type::FLOAT8)])
        .await?;
    Ok(num_begun > 0)
}

/// Repeats a statement that deletes a portion of the rows past their retention, until none is left. Returns their
/// number. `$1` is the retention in seconds, and `$2` the size of a portion.
pub(crate) async fn prune(client: &impl GenericClient, statement: &str, retention: Duration) -> Result<u64> {
    let mut num_pruned = 0;
    loop {
        let portion = client
            .execute_typed(statement, &[(&retention.as_secs_f64(), Type::FLOAT8), (&PORTION, Type::INT8)])
            .await?;
        num_pruned += portion;
        if portion == 0 {
            return Ok(num_pruned);
        }
    }
}
