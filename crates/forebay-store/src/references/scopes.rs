//! Active references by scope.

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow, types::sql_ids};

/// Counts the active references of entity types in scopes.
pub const COUNT_IN_SCOPES: &str = include_str!("count_in_scopes.sql");

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
