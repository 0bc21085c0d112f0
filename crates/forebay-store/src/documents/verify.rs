//! Checks the index against the references, page by page.

use forebay_domain::identity::{ReferenceId, VersionHash};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId, sql_ids},
};

const VERIFY: &str = include_str!("verify.sql");
const EXTRA: &str = include_str!("extra.sql");

/// The content hash of each of `ids` in a pipeline's index, in their order; `None`: not indexed.
pub async fn verify_page(
    client: &impl GenericClient,
    pipeline_id: i32,
    ids: &[ReferenceId],
) -> Result<Vec<Option<VersionHash>>> {
    let rows =
        client.query_typed(VERIFY, &[(&pipeline_id, Type::INT4), (&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    let mut found = vec![None; ids.len()];
    for row in rows {
        let index = usize::try_from(row.read::<i32>("index")?).unwrap_or_default();
        found[index] = Some(row.read::<SqlHash>("payload_hash")?.0);
    }
    Ok(found)
}

/// Up to `limit` references after `after`, in order, that are in a pipeline's index although they are removed or
/// deleted.
pub async fn extra_page(
    client: &impl GenericClient,
    pipeline_id: i32,
    after: ReferenceId,
    limit: u32,
) -> Result<Vec<ReferenceId>> {
    let rows = client
        .query_typed(
            EXTRA,
            &[(&pipeline_id, Type::INT4), (&SqlId(after), Type::UUID), (&i64::from(limit), Type::INT8)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.read::<SqlId>("reference_id")?.0)).collect()
}
