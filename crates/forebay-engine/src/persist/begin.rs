//! Beginning a run under the lock of its scope: runs of dead processes are closed first.

use forebay_domain::scope::Scope;
use forebay_store::{
    connect::Database,
    runs::{self, NewRun, ScopeLock},
};
use tokio_postgres::Client;

use super::overrides::DEFAULT_MAX_WAIT;
use crate::error::Result;

/// Closes runs of the scope whose process has died. Returns their number.
pub(super) async fn abort_orphans(client: &mut Client, source_id: i32, scope: &Scope) -> Result<u64> {
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_runs = runs::abort_orphans(&transaction, source_id, scope).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(num_runs)
}

/// Waits until no run of the scope is open, and closes those whose process has died.
pub(crate) async fn settle(database: &Database, source_id: i32, scope: &Scope) -> Result<()> {
    let connection = database.dedicated().await?;
    let lock = ScopeLock::acquire(connection, source_id, scope, DEFAULT_MAX_WAIT, |_| {}).await?;
    let mut client = database.client().await?;
    abort_orphans(&mut client, source_id, scope).await?;
    database.give_back(lock.release().await?);
    Ok(())
}

/// Inserts the row of a run and returns its id.
pub(super) async fn begin(client: &mut Client, run: &NewRun) -> Result<i64> {
    match runs::start(&*client, run).await {
        // The lock is free as soon as its process is killed, but the server may still be inserting that process's run.
        Err(error) if error.constraint() == Some(runs::ONE_RUNNING) => {
            abort_orphans(client, run.source_id, &run.scope).await?;
            Ok(runs::start(&*client, run).await?)
        }
        started => Ok(started?),
    }
}
