//! The statements of the scrape benchmark: how many rows a scrape wrote, and which processes served it.

use tokio_postgres::{GenericClient, types::Type};

use crate::failure::Failure;

/// A point in the order of transactions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(i64);

/// The current point.
pub(super) async fn now(client: &impl GenericClient) -> Result<Moment, Failure> {
    // A row stores the lower 32 bits of the number of the transaction that wrote it.
    let statement = "select pg_current_xact_id()::text::int8 & 4294967295 as xid";
    Ok(Moment(client.query_typed_one(statement, &[]).await?.try_get("xid")?))
}

/// Rows added or changed since then that belong to a record, a page or a hand-off. The run's own rows (its row, its
/// coverage, its log) do not count.
pub(super) async fn rows_written_since(client: &impl GenericClient, moment: Moment) -> Result<u64, Failure> {
    let statement = include_str!("rows_written_since.sql");
    let row = client.query_typed_one(statement, &[(&moment.0, Type::INT8)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("num_rows")?).unwrap_or(0))
}

/// The process ids of the server's backends for this database, on the server's machine.
pub(super) async fn backends(client: &impl GenericClient) -> Result<Vec<u32>, Failure> {
    let statement = "select pid from pg_stat_activity where datname = current_database()";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| Ok(u32::try_from(row.try_get::<_, i32>("pid")?).unwrap_or(0))).collect()
}
