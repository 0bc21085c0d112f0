//! Deletes a source with everything that is stored about it.

use forebay_store::{
    actions::{self, Action, ActionName, Actor},
    connect::Database,
    sources::change,
    stats::{self, Totals},
};

use super::locked::locked;
use crate::error::Result;

/// Deletes a source: its references, their versions and hand-offs, its runs and logs, its breaker, schedules and
/// states, and its entries in the ledger of freshness. Rows in the user's own tables stay. Returns what was deleted;
/// with `dry_run`, what would be.
///
/// Errors: `source_is_course`, `source_busy`.
pub async fn delete(database: &Database, source_name: &str, dry_run: bool, by: &Actor) -> Result<Totals> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let source = locked(&transaction, source_name).await?;
    let totals = stats::totals(&*transaction, Some(source.source_id)).await?;
    if dry_run {
        transaction.rollback().await.map_err(forebay_store::Error::from)?;
        return Ok(totals);
    }
    change::delete(&*transaction, &source).await?;
    let action = Action {
        num_touched: totals.num_active + totals.num_removed,
        ..Action::on_source(ActionName::SourceDeleted, &source.name)
    };
    actions::record(&*transaction, by, &action).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(totals)
}
