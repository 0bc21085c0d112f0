//! Periodic tasks: when each was last started, and those that concern no single table. For each period, one of all
//! workers runs the task.

use std::time::Duration;

use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

/// Number of rows that one statement deletes.
pub(crate) const PORTION: i64 = 10_000;

forebay_domain::words! {
    /// A periodic task.
    pub enum Task {
        /// Checks every reference for missing hand-offs.
        Reconcile = "reconcile",
        /// Deletes history past its retention.
        Prune = "prune",
        /// Deletes logs, pages and breaker trails past their retention, and creates the partitions of the next months.
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

/// Creates the partitions of this month and the next two, and drops those of logs whose month ended longer ago than
/// `log_retention`; `None`: keeps all. Returns the number of dropped months. The lines of a month are dropped together,
/// so some are kept up to a month longer.
///
/// Errors: `database_timeout` if readers block it; nothing is dropped then.
pub async fn months(client: &impl GenericClient, log_retention: Option<Duration>) -> Result<u32> {
    let statement =
        "select forebay_private.maintain_months(log_retention => make_interval(secs => $1)) as num_dropped";
    let seconds = log_retention.map(|retention| retention.as_secs_f64());
    let row = client.query_typed_one(statement, &[(&seconds, Type::FLOAT8)]).await?;
    Ok(u32::try_from(row.read::<i32>("num_dropped")?).unwrap_or_default())
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
