//! Runs whose process died without closing them: they are `running`, and their scope is free.

use forebay_domain::scope::Scope;
use tokio_postgres::GenericClient;

use super::{abort_orphans, scope_lease::try_lock};
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
    let rows = client.query_typed(include_str!("dead.sql"), &[]).await?;
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
