//! Reads the ledger of syncs.

use forebay_engine::{
    clock,
    freshness::{self, ListOptions, Policies},
    scrape::Sources,
};
use forebay_store::connect::Database;

use crate::{Freshness, Page, cursor, failure::Failure, names};

/// Which entries, as people ask for them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this entity type.
    pub entity_type: Option<String>,
    /// Only what is due, failing or never synced.
    pub only_stale: bool,
    /// The cursor of the previous page.
    pub after: Option<String>,
}

/// A page of at most `limit` entries. Errors: `no_such_entity`, `cursor_invalid`.
pub async fn page(
    database: &Database,
    sources: &Sources,
    policies: &Policies,
    filter: Filter,
    limit: u32,
) -> Result<Page<Freshness>, Failure> {
    let Filter { entity_type, only_stale, after } = filter;
    let after: Option<(String, String)> = after.as_deref().map(cursor::read).transpose()?;
    if let Some(entity) = &entity_type {
        names::entity(&database.client().await?, entity, sources).await?;
    }
    let options = ListOptions { entity_type, only_stale, after, without_counts: false };
    let num_rows = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let rows = freshness::list(database, sources, policies, &options, num_rows, clock::now()).await?;
    cursor::page(rows, limit, |last| (last.entity_type.clone(), last.scope.clone()))
}
