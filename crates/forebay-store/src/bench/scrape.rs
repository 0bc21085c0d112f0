//! What measuring a scrape needs to know of a database: how many rows it wrote, and what its server's part cost.

use tokio_postgres::{GenericClient, types::Type};

use crate::error::Result;

/// A moment in the order of transactions.
#[derive(Clone, Copy, Debug)]
pub struct Moment(i64);

/// The present moment.
pub async fn now(client: &impl GenericClient) -> Result<Moment> {
    // Rows know the lower half of the number of the transaction that wrote them.
    let statement = "select pg_current_xact_id()::text::int8 & 4294967295";
    Ok(Moment(client.query_typed_one(statement, &[]).await?.try_get(0)?))
}

/// Rows added or changed since a moment wherever a row belongs to a record, a page or a hand-off. What a run says of
/// itself (its row, its coverage, its log) is not among them.
pub async fn rows_written_since(client: &impl GenericClient, moment: Moment) -> Result<u64> {
    let statement = include_str!("scrape/rows_written_since.sql");
    let row = client.query_typed_one(statement, &[(&moment.0, Type::INT8)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}

/// The server's processes that serve this database, by their ids on the server's machine.
pub async fn backends(client: &impl GenericClient) -> Result<Vec<u32>> {
    let statement = "select pid from pg_stat_activity where datname = current_database()";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter().map(|row| Ok(u32::try_from(row.try_get::<_, i32>(0)?).unwrap_or(0))).collect()
}
