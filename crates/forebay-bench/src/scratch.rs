//! Scratch databases, and what all measurements share.

use std::{sync::Arc, time::Duration};

use forebay_store::connect::Database;
use tokio_postgres::GenericClient;

use crate::failure::Failure;

/// The name of the scratch database. A server runs one benchmark at a time.
pub(crate) const SCRATCH: &str = "forebay_bench";

/// Works in an empty database, and drops it however the work ended.
pub(crate) async fn in_scratch<T>(
    database: &Database,
    work: impl AsyncFnOnce(&Arc<Database>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    drop_scratch(database).await?;
    database.client().await?.batch_execute(&format!("create database {SCRATCH}")).await?;
    let scratch = Arc::new(database.sibling(SCRATCH).await?);
    let worked = work(&scratch).await;
    let closed = match Arc::into_inner(scratch) {
        Some(scratch) => scratch.close().await,
        // Dropping the database closes the connections that are still open.
        None => Ok(()),
    };
    drop_scratch(database).await?;
    let result = worked?;
    closed?;
    Ok(result)
}

async fn drop_scratch(database: &Database) -> Result<(), Failure> {
    let statement = format!("drop database if exists {SCRATCH} with (force)");
    Ok(database.client().await?.batch_execute(&statement).await?)
}

/// Vacuums, and flushes what was written. Otherwise the server does that later, during the next measurement.
pub(crate) async fn settle(client: &impl GenericClient) -> Result<(), Failure> {
    client.batch_execute("vacuum (analyze)").await?;
    Ok(client.batch_execute("checkpoint").await?)
}

/// Fails unless a count is as expected: a figure is worth nothing if the work behind it was not done.
pub(crate) fn expect(what: &str, found: u64, expected: u64) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::bench(format!("{what} is {found}, not {expected}")))
}

/// The value in the middle.
pub(crate) fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}
