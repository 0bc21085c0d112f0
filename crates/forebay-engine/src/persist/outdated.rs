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
    let held = changes::held_ids(client, origin.source_id, &origin.scope, origin.observed_at).await?;
    if held.is_empty() {
        return Ok(held);
    }
    let mut seen = seen.merged()?;
    let mut outdated = Vec::new();
    for id in held {
        if seen.has(id)? {
            outdated.push(id);
        }
    }
    Ok(outdated)
}
