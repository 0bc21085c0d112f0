//! Removals of a complete run: every active reference of the scope that the run has not seen.

use forebay_store::{changes, references};
use tokio_postgres::Client;

use super::{context::RunContext, seen::SeenSet, write::ROWS_PER_STATEMENT};
use crate::error::Result;

/// Ids read at once.
const PAGE: usize = 20_000;

/// Stages the removals by merging two sorted sequences: the scope's active ids and the seen ids.
pub(super) async fn stage_removals(
    context: &RunContext<'_>,
    client: &mut Client,
    seen: &SeenSet,
) -> Result<()> {
    let origin = &context.target.origin;
    let mut seen = seen.merged()?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    references::begin_active(&transaction, origin.source_id, &origin.scope).await?;
    loop {
        let active = references::next_active(&transaction, PAGE).await?;
        if active.is_empty() {
            break;
        }
        let mut gone = Vec::new();
        for id in active {
            if !seen.has(id)? {
                gone.push(id);
            }
        }
        for gone in gone.chunks(ROWS_PER_STATEMENT) {
            changes::stage_removed(&transaction, origin.run_id, gone).await?;
        }
    }
    context.lease.fence(&transaction).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(())
}
