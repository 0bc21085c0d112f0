//! Beginning a run in a scope that is held: runs of dead processes are closed first.

use forebay_domain::scope::Scope;
use forebay_store::{
    connect::Database,
    runs::{self, NewRun, ScopeLease},
};
use tokio::try_join;
use tokio_postgres::Client;

use super::overrides::DEFAULT_MAX_WAIT;
use crate::error::Result;

/// Closes runs of the scope whose process has died. Returns their number.
pub(super) async fn abort_orphans(
    client: &mut Client,
    lease: &ScopeLease,
    source_id: i32,
    scope: &Scope,
) -> Result<u64> {
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let num_runs = runs::abort_orphans(&transaction, source_id, scope).await?;
    lease.fence(&transaction).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(num_runs)
}

/// Waits until no run of the scope is open, and closes those whose process has died.
pub(crate) async fn settle(database: &Database, source_id: i32, scope: &Scope) -> Result<()> {
    let lease = ScopeLease::acquire(database, source_id, scope, DEFAULT_MAX_WAIT, |_| {}).await?;
    let mut client = database.client().await?;
    abort_orphans(&mut client, &lease, source_id, scope).await?;
    Ok(lease.release(&**client).await?)
}

/// Inserts the row of a run and returns its id.
pub(super) async fn begin(client: &mut Client, lease: &ScopeLease, run: &NewRun) -> Result<i64> {
    match start(client, lease, run).await {
        // The scope is free as soon as its process is killed, but the server may still be inserting that process's run.
        Err(error) if error.constraint() == Some(runs::ONE_RUNNING) => {
            abort_orphans(client, lease, run.source_id, &run.scope).await?;
            Ok(start(client, lease, run).await?)
        }
        started => Ok(started?),
    }
}

async fn start(client: &mut Client, lease: &ScopeLease, run: &NewRun) -> forebay_store::Result<i64> {
    let transaction = client.transaction().await?;
    // In this order: once the first one has failed, the second one's error says only that the transaction is aborted.
    let (run_id, ()) = try_join!(biased; runs::start(&transaction, run), lease.fence(&transaction))?;
    transaction.commit().await?;
    Ok(run_id)
}
