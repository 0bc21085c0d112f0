//! Counts what is stored.

use forebay_store::{connect::Client, stats};

use crate::{Stats, failure::Failure, names};

/// The totals of a source or of all. Error: `no_such_source`.
pub async fn totals(client: &Client, source: Option<&str>) -> Result<Stats, Failure> {
    let source_id = match source {
        Some(name) => Some(names::source(client, name).await?.source_id),
        None => None,
    };
    Ok(stats::totals(&***client, source_id).await?.into())
}
