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
        /// Deletes the rows of workers that were not seen, and of requests that came, more than a day ago.
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

/// What is done with rows past their retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are deleted.
    Delete,
    /// They are counted.
    Count,
}

/// Partitions of months.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Months {
    /// The names of those that were missing.
    pub created: Vec<String>,
    /// The names of those past their retention.
    pub dropped: Vec<String>,
}

/// Creates the partitions of this month and the next two. With [`Mode::Count`], returns what it would create.
pub async fn create_months(client: &impl GenericClient, mode: Mode) -> Result<Months> {
    months(client, None, mode).await
}

/// The same, and drops the partitions of logs whose month ended longer ago than their retention. The lines of a month
/// are dropped together, so some are kept up to a month longer.
///
/// Errors: `database_timeout` if readers block it; nothing is created and dropped then.
pub async fn drop_months(client: &impl GenericClient, log_retention: Duration, mode: Mode) -> Result<Months> {
    months(client, Some(log_retention), mode).await
}

async fn months(client: &impl GenericClient, log_retention: Option<Duration>, mode: Mode) -> Result<Months> {
    let statement = "select m.change, m.partition_name from forebay_private.maintain_months( \
         log_retention => make_interval(secs => $1), dry_run => $2) as m";
    let seconds = log_retention.map(|retention| retention.as_secs_f64());
    let is_dry_run = mode == Mode::Count;
    let rows = client.query_typed(statement, &[(&seconds, Type::FLOAT8), (&is_dry_run, Type::BOOL)]).await?;
    let mut months = Months::default();
    for row in &rows {
        let is_created = row.read::<&str>("change")? == "created";
        let list = if is_created { &mut months.created } else { &mut months.dropped };
        list.push(row.read("partition_name")?);
    }
    Ok(months)
}

/// Rows of a table that are deleted once they are past their retention.
pub(crate) struct Expiring {
    /// The table.
    pub(crate) table: &'static str,
    /// The condition of a row `t` that is past its retention, `$1` in seconds.
    pub(crate) is_expired: &'static str,
    /// The column that it is decided by; the oldest rows are deleted first.
    pub(crate) age: &'static str,
}

impl Expiring {
    /// Deletes them in portions, or counts them. Returns their number.
    pub(crate) async fn prune(
        &self,
        client: &impl GenericClient,
        retention: Duration,
        mode: Mode,
    ) -> Result<u64> {
        let Self { table, is_expired, age } = self;
        let seconds = retention.as_secs_f64();
        if mode == Mode::Count {
            let statement = format!("select count(*) as num_expired from {table} as t where {is_expired}");
            let row = client.query_typed_one(&statement, &[(&seconds, Type::FLOAT8)]).await?;
            return row.count("num_expired");
        }
        let statement = format!(
            "delete from {table} as d where d.ctid = any (array( \
                 select t.ctid from {table} as t where {is_expired} order by t.{age} limit $2))"
        );
        let mut num_pruned = 0;
        loop {
            let parameters = [(&seconds as _, Type::FLOAT8), (&PORTION as _, Type::INT8)];
            let portion = client.execute_typed(&statement, &parameters).await?;
            num_pruned += portion;
            if portion == 0 {
                return Ok(num_pruned);
            }
        }
    }
}
