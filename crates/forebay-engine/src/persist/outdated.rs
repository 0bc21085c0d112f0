//! What older held runs withhold about references that this run has seen.
//!
//! A complete run closes all older held runs of its scope, because it decides afresh about the whole scope. Every other
//! run knows more only about the references that it has seen: it decided about their changes itself, and none of them
//! is gone. So only the changes of these references are dropped, and the rest keeps waiting.

use forebay_domain::identity::ReferenceId;
use forebay_store::changes;
use tokio_postgres::Client;

use super::{context::RunContext, seen::SeenSet};
use crate::error::Result;

/// The references that the run has seen and about which older held runs withhold changes.
pub(super) async fn find_outdated(
    context: &RunContext<'_>,
    client: &Client,
    seen: &SeenSet,
) -> Result<Vec<ReferenceId>> {
    let origin = &context.target.origin;
    let mut found = changes::held_ids(client, origin.source_id, &origin.scope, origin.observed_at).await?;
    if found.is_empty() {
        return Ok(found);
    }
    let mut merged = seen.merged()?;
    let mut seen_id = merged.take()?;
    let mut is_seen = Vec::with_capacity(found.len());
    for id in &found {
        while seen_id.is_some_and(|seen_id| seen_id < *id) {
            seen_id = merged.take()?;
        }
        is_seen.push(seen_id == Some(*id));
    }
    let mut is_seen = is_seen.into_iter();
    found.retain(|_| is_seen.next().unwrap_or(false));
    Ok(found)
}
