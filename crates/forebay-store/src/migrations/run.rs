//! Applies and reverts migrations.
//!
//! Each migration is applied in its own transaction, and every step reads the history again under the lock, because
//! another process may have migrated between two transactions. Reverting is one transaction: a table that something
//! else depends on can't be dropped, and then nothing else is dropped either.

#![cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests run custom lists through it"))]

use tokio_postgres::{Client, GenericClient, Transaction};

use super::{
    dependents, history,
    list::Migration,
    status::{MigrationState, MigrationStatus, compare, pending, refuse_newer},
};
use crate::{
    access,
    error::{Error, Result, ServerError},
    row::ReadRow,
};

/// A table that a revert drops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Its name, quoted for SQL.
    pub table: String,
    /// Number of its rows.
    pub num_rows: u64,
}

/// Applies the pending migrations of the list; returns the versions that this call applied.
pub async fn up(client: &mut Client, list: &[Migration]) -> Result<Vec<u32>> {
    let mut done = Vec::new();
    loop {
        let transaction = client.transaction().await?;
        history::lock(&transaction).await?;
        history::open(&transaction).await?;
        let status = compare(&history::read(&transaction).await?, list);
        pending(&status, list)?;
        let is_pending = |migration: &&Migration| {
            status
                .iter()
                .any(|line| line.version == migration.version && line.state == MigrationState::Pending)
        };
        let Some(next) = list.iter().find(is_pending) else {
            access::apply(&transaction).await?;
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

/// Reverts the applied migrations of the list above `to`, all or none; returns the reverted versions.
pub async fn down(client: &mut Client, list: &[Migration], to: u32) -> Result<Vec<u32>> {
    let transaction = client.transaction().await?;
    match revert(&transaction, list, to).await {
        Ok(done) => {
            transaction.commit().await?;
            Ok(done)
        }
        Err(error) => {
            transaction.rollback().await?;
            Err(dependents::named(client, error).await)
        }
    }
}

/// What `down` would delete: the tables that it drops, with the number of their rows. Changes nothing.
pub(super) async fn losses(client: &mut Client, list: &[Migration], to: u32) -> Result<Vec<Loss>> {
    let transaction = client.transaction().await?;
    let before = tables(&transaction).await?;
    let reverted = revert(&transaction, list, to).await;
    let after = match &reverted {
        Ok(_) => tables(&transaction).await?,
        Err(_) => Vec::new(),
    };
    transaction.rollback().await?;
    if let Err(error) = reverted {
        return Err(dependents::named(client, error).await);
    }
    let mut losses = Vec::new();
    for table in before.into_iter().filter(|table| !after.contains(table)) {
        let count = format!("select count(*) as num_rows from {table}");
        let row = client.query_typed_one(&count, &[]).await?;
        losses.push(Loss { num_rows: row.count("num_rows")?, table });
    }
    Ok(losses)
}

async fn revert(transaction: &Transaction<'_>, list: &[Migration], to: u32) -> Result<Vec<u32>> {
    let mut done = Vec::new();
    history::lock(transaction).await?;
    if !history::exists(transaction).await? {
        return Ok(done);
    }
    history::open(transaction).await?;
    let status = compare(&history::read(transaction).await?, list);
    refuse_newer(&status, list)?;
    for line in status.iter().rev().filter(|line| line.state != MigrationState::Pending && line.version > to)
    {
        let Some(undone) = list.iter().find(|migration| migration.version == line.version) else { continue };
        transaction.batch_execute(undone.down).await.map_err(failed(undone, "down"))?;
        history::erase(transaction, undone.version).await.map_err(failed(undone, "down"))?;
        tracing::info!(version = undone.version, name = undone.name, "reverted a migration");
        done.push(undone.version);
    }
    if to == 0 {
        transaction.batch_execute(history::SCHEMAS_DOWN).await?;
    }
    Ok(done)
}

/// The tables that hold data, quoted for SQL.
async fn tables(client: &impl GenericClient) -> Result<Vec<String>> {
    let statement = "select format('%I.%I', n.nspname, c.relname) as name \
         from pg_class as c join pg_namespace as n on n.oid = c.relnamespace \
         where n.nspname in ('forebay', 'forebay_private') and c.relkind in ('r', 'p') and not c.relispartition \
             and c.relname <> 'schema_migrations' \
         order by 1";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| row.read("name")).collect()
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
