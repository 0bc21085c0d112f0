//! Active references by scope.

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// Counts the active references of entity types in scopes.
pub const COUNT_IN_SCOPES: &str = include_str!("count_in_scopes.sql");

/// The active ids of a scope in order.
const ACTIVE: &str = "select reference_id from forebay.\"references\" \
     where source_id = $1 and scope = $2 and removed_at is null order by reference_id";

/// The number of active references of each entity type and scope, over all sources of the type.
pub async fn count_in_scopes(client: &impl GenericClient, wanted: &[(&str, &str)]) -> Result<Vec<i64>> {
    let (types, scopes): (Vec<&str>, Vec<&str>) = wanted.iter().copied().unzip();
    let rows = client
        .query_typed(COUNT_IN_SCOPES, &[(&types, Type::TEXT_ARRAY), (&scopes, Type::TEXT_ARRAY)])
        .await?;
    rows.iter().map(|row| row.read("num_active")).collect()
}

/// How many of some references are active in other scopes than this one, and one of those scopes.
pub async fn active_elsewhere(
    client: &impl GenericClient,
    ids: &[ReferenceId],
    scope: &str,
) -> Result<Option<(u64, String)>> {
    let statement = include_str!("active_elsewhere.sql");
    let row =
        client.query_typed_one(statement, &[(&sql_ids(ids), Type::UUID_ARRAY), (&scope, Type::TEXT)]).await?;
    let scope: Option<String> = row.read("scope")?;
    scope.map(|scope| Ok((row.count("num_references")?, scope))).transpose()
}

/// Begins to read the ids of a scope's active references in order, to determine removals. Unlike a stream, a cursor
/// leaves the connection free for other statements.
pub async fn begin_active(transaction: &impl GenericClient, source_id: i32, scope: &str) -> Result<()> {
    // All of them are read, so a plan that begins fast is not worth more than one that ends soon.
    transaction.batch_execute("set local cursor_tuple_fraction = 1").await?;
    let statement = format!("declare active no scroll cursor for {ACTIVE}");
    transaction.execute_typed(&statement, &[(&source_id, Type::INT4), (&scope, Type::TEXT)]).await?;
    Ok(())
}

/// The next ids of [`begin_active`], at most `limit`.
pub async fn next_active(transaction: &impl GenericClient, limit: usize) -> Result<Vec<ReferenceId>> {
    let rows = transaction.query_typed(&format!("fetch forward {limit} from active"), &[]).await?;
    rows.iter().map(streamed_id).collect()
}

/// Streams the ids of a scope's active references in order, to determine removals.
pub async fn stream_active(
    client: &impl GenericClient,
    source_id: i32,
    scope: &str,
) -> Result<tokio_postgres::RowStream> {
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&source_id, Type::INT4), (&scope, Type::TEXT)];
    Ok(client.query_typed_raw(ACTIVE, parameters).await?)
}

/// Reads an id from a row of [`stream_active`].
pub fn streamed_id(row: &tokio_postgres::Row) -> Result<ReferenceId> {
    Ok(row.read::<SqlId>("reference_id")?.0)
}
