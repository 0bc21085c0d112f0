//! Removals of a complete run: every active reference of the scope that the run has not seen.

use forebay_store::{changes, connect::Dedicated, references};
use futures_util::{StreamExt, pin_mut};
use tokio_postgres::Client;

use super::{context::RunContext, seen::SeenSet, write::ROWS_PER_STATEMENT};
use crate::error::Result;

/// Stages the removals by merging two sorted streams: the scope's active ids and the seen ids.
pub(super) async fn stage_removals(context: &RunContext<'_>, client: &Client, seen: &SeenSet) -> Result<()> {
    let active =
        references::stream_active(client, context.target.origin.source_id, &context.target.origin.scope)
            .await?;
    pin_mut!(active);
    let mut seen = seen.merged()?;
    let mut gone = Vec::new();
    // The client is busy until the stream has ended, so writing needs a second connection. Runs with this many removals
    // are rare.
    let mut writer: Option<Dedicated> = None;
    while let Some(row) = active.next().await {
        let id = references::streamed_id(&row.map_err(forebay_store::Error::from)?)?;
        if !seen.has(id)? {
            gone.push(id);
        }
        if gone.len() == ROWS_PER_STATEMENT {
            let writer = match &mut writer {
                Some(writer) => writer,
                None => writer.insert(context.database.dedicated().await?),
            };
            changes::stage_removed(&writer.client, context.target.origin.run_id, &gone).await?;
            gone.clear();
        }
    }
    if !gone.is_empty() {
        changes::stage_removed(client, context.target.origin.run_id, &gone).await?;
    }
    Ok(())
}
