//! Checks whether the user's table contains the expected rows, page by page.

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{GenericClient, types::Type};

use super::{hold::Identity, name::TableName, spec::OnRemoved};
use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// Whether each of `ids`, in their order, has a row. A row marked as removed doesn't count, and a missing table has
/// no rows.
pub async fn verify_page(
    client: &impl GenericClient,
    table: &TableName,
    on_removed: OnRemoved,
    ids: &[ReferenceId],
) -> Result<Vec<bool>> {
    let mut found = vec![false; ids.len()];
    if !exists(client, table).await? {
        return Ok(found);
    }
    let statement = format!(
        "select s.ord::int4 - 1 as index from unnest($1::uuid[]) with ordinality as s (reference_id, ord) \
         where exists (select from {table} as t where t.reference_id = s.reference_id{})",
        is_live(on_removed)
    );
    for row in client.query_typed(&statement, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await? {
        found[usize::try_from(row.read::<i32>("index")?).unwrap_or_default()] = true;
    }
    Ok(found)
}

/// Up to `limit` references after `after`, in order, that have a row although they are removed or deleted.
pub async fn extra_page(
    client: &impl GenericClient,
    table: &TableName,
    on_removed: OnRemoved,
    after: ReferenceId,
    limit: u32,
) -> Result<Vec<ReferenceId>> {
    if !exists(client, table).await? {
        return Ok(Vec::new());
    }
    let statement = format!(
        "select t.reference_id from {table} as t where t.reference_id > $1{} \
             and not exists (select from forebay.\"references\" as r \
                 where r.reference_id = t.reference_id and r.removed_at is null) \
         order by t.reference_id limit $2",
        is_live(on_removed)
    );
    let rows = client
        .query_typed(&statement, &[(&SqlId(after), Type::UUID), (&i64::from(limit), Type::INT8)])
        .await?;
    rows.iter().map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).collect()
}

/// Whether the pipeline has used the table, and it is gone or another one has its name.
pub async fn is_gone(client: &impl GenericClient, pipeline_id: i32, table: &TableName) -> Result<bool> {
    Ok(Identity::read(client, pipeline_id, &table.to_string(), &[]).await?.is_gone())
}

async fn exists(client: &impl GenericClient, table: &TableName) -> Result<bool> {
    let statement = "select to_regclass($1) is not null as exists";
    client.query_typed_one(statement, &[(&table.to_string(), Type::TEXT)]).await?.read("exists")
}

/// The additional condition for a row to count.
const fn is_live(on_removed: OnRemoved) -> &'static str {
    match on_removed {
        OnRemoved::Delete => "",
        OnRemoved::Mark => " and t.removed_at is null",
    }
}
