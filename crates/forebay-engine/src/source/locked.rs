//! A source that is locked for a change.

use forebay_domain::scope::Scope;
use forebay_store::{
    content, runs,
    sources::{self, Source, change},
};
use tokio_postgres::Transaction;

use crate::error::{DeclarationError, Error, Result};

/// Locks a source until the transaction ends, and closes its runs whose process has died. Errors: `no_such_source`,
/// `source_is_course`, `source_busy`.
pub(super) async fn locked(transaction: &Transaction<'_>, source_name: &str) -> Result<Source> {
    change::lock(transaction, source_name).await?;
    let found = sources::find(transaction, source_name).await?;
    let source = found.ok_or_else(|| Error::NotScraped { source_name: source_name.to_owned() })?;
    let source_name = || source.name.clone();
    if content::of_source(transaction, source.source_id).await?.is_some() {
        return Err(DeclarationError::Course { source_name: source_name() }.into());
    }
    for (run_id, scope) in change::running(transaction, source.source_id).await? {
        let scope: Scope = scope.parse().map_err(|_| Error::Payload(format!("scope {scope}")))?;
        if !runs::try_lock(transaction, source.source_id, &scope).await? {
            return Err(DeclarationError::Busy { source_name: source_name(), run_id }.into());
        }
        // A living run would hold the scope.
        runs::abort_orphans(transaction, source.source_id, &scope).await?;
    }
    Ok(source)
}
