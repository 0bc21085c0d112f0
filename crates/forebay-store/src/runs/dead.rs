//! Runs whose process died without closing them: they are `running`, and the lock of their scope is free.

use std::collections::HashSet;

use forebay_domain::scope::Scope;
use tokio_postgres::GenericClient;

use super::{
    abort_orphans,
    scope_lock::{lock_key, try_lock},
};
use crate::{
    connect::Client,
    error::{Error, Result},
    row::ReadRow,
};

/// A run of a dead process. Its changes are stored, but readers of changes don't see them until it is closed.
#[derive(Clone, Debug)]
pub struct DeadRun {
    /// The run.
    pub run_id: i64,
    /// Its source.
    pub source_id: i32,
    /// Its source's name.
    pub source: String,
    /// Its scope.
    pub scope: Scope,
}

/// The runs of dead processes, oldest first. Locks nothing, so it delays no run.
pub async fn dead(client: &impl GenericClient) -> Result<Vec<DeadRun>> {
    let mut runs = open(client).await?;
    if runs.is_empty() {
        return Ok(runs);
    }
    let held = locked(client).await?;
    runs.retain(|run| !held.contains(&lock_key(run.source_id, &run.scope)));
    if !runs.is_empty() {
        // A run that ended in between has released its lock, too.
        let still_open: HashSet<i64> = open(client).await?.iter().map(|run| run.run_id).collect();
        runs.retain(|run| still_open.contains(&run.run_id));
    }
    Ok(runs)
}

/// Closes the runs of dead processes as the next run of their scope would. Returns their number.
pub async fn close_dead(client: &mut Client) -> Result<u64> {
    let mut num_closed = 0;
    for run in dead(&***client).await? {
        let transaction = client.transaction().await?;
        // Otherwise a run has begun since, and closes it.
        if try_lock(&*transaction, run.source_id, &run.scope).await? {
            num_closed += abort_orphans(&*transaction, run.source_id, &run.scope).await?;
        }
        transaction.commit().await?;
    }
    Ok(num_closed)
}

async fn open(client: &impl GenericClient) -> Result<Vec<DeadRun>> {
    let statement = "select r.run_id, r.source_id, s.name as source, r.scope \
         from forebay.scrape_runs as r join forebay.sources as s using (source_id) \
         where r.status = 'running' order by r.run_id";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter()
        .map(|row| {
            let scope: String = row.read("scope")?;
            Ok(DeadRun {
                run_id: row.read("run_id")?,
                source_id: row.read("source_id")?,
                source: row.read("source")?,
                scope: scope.parse().map_err(|_| Error::UnknownWord { column: "scope", word: scope })?,
            })
        })
        .collect()
}

/// The advisory locks that are held in this database, by number.
async fn locked(client: &impl GenericClient) -> Result<HashSet<i64>> {
    let statement = "select (l.classid::int8 << 32) | l.objid::int8 as lock_key from pg_locks as l \
         where l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
             and l.database = (select d.oid from pg_database as d where d.datname = current_database())";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| row.read("lock_key")).collect()
}
