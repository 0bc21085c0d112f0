//! Applies and reverts migrations.
//!
//! Every step reads the history again under the lock, because another process may have migrated between two
//! transactions.

#![cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests run custom lists through it"))]

use tokio_postgres::{Client, GenericClient};

use super::{
    history,
    list::Migration,
    status::{MigrationState, MigrationStatus, compare, pending, refuse_newer},
};
use crate::error::{Error, Result, ServerError};

/// Applies the pending migrations of the list; returns the versions that this call applied.
pub async fn up(client: &mut Client, list: &[Migration]) -> Result<Vec<u32>> {
    let mut done = Vec::new();
    loop {
        let transaction = client.transaction().await?;
        history::open(&transaction).await?;
        let status = compare(&history::read(&transaction).await?, list);
        pending(&status, list)?;
        let is_pending = |migration: &&Migration| {
            status
                .iter()
                .any(|line| line.version == migration.version && line.state == MigrationState::Pending)
        };
        let Some(next) = list.iter().find(is_pending) else {
            transaction.commit().await?;
            return Ok(done);
        };
        transaction.batch_execute(next.up).await.map_err(failed(next, "up"))?;
        history::write(&transaction, next).await.map_err(failed(next, "up"))?;
        // Deferred constraints are checked here, so a migration can also fail here.
        transaction.commit().await.map_err(failed(next, "up"))?;
        tracing::info!(version = next.version, name = next.name, "applied a migration");
        done.push(next.version);
    }
}

/// Reverts the applied migrations of the list above `to`; returns the reverted versions.
pub async fn down(client: &mut Client, list: &[Migration], to: u32) -> Result<Vec<u32>> {
    let mut done = Vec::new();
    loop {
        let transaction = client.transaction().await?;
        history::open(&transaction).await?;
        let status = compare(&history::read(&transaction).await?, list);
        refuse_newer(&status, list)?;
        let applied =
            status.iter().rev().find(|line| line.state != MigrationState::Pending && line.version > to);
        let Some(undone) =
            applied.and_then(|line| list.iter().find(|migration| migration.version == line.version))
        else {
            break;
        };
        transaction.batch_execute(undone.down).await.map_err(failed(undone, "down"))?;
        history::erase(&transaction, undone.version).await.map_err(failed(undone, "down"))?;
        transaction.commit().await.map_err(failed(undone, "down"))?;
        tracing::info!(version = undone.version, name = undone.name, "reverted a migration");
        done.push(undone.version);
    }
    if to == 0 {
        history::close(client).await?;
    }
    Ok(done)
}

/// The state of every migration in the list or in the database.
pub async fn status(client: &impl GenericClient, list: &[Migration]) -> Result<Vec<MigrationStatus>> {
    Ok(compare(&history::read(client).await?, list))
}

fn failed(
    migration: &Migration,
    direction: &'static str,
) -> impl FnOnce(tokio_postgres::Error) -> Error + use<> {
    let (version, name) = (migration.version, migration.name.to_owned());
    move |error| Error::MigrationFailed { version, name, direction, source: ServerError::from(error) }
}
