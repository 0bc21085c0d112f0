//! Updates the freshness ledger after a scrape outside `ensure`.

use forebay_domain::scope::Scope;
use forebay_store::freshness::{self as ledger, Synced};
use jiff::Timestamp;

use super::{chain::Candidate, definition::SourceDefinition, scraper::Scraper};
use crate::{
    clock,
    error::{Error, Result},
    freshness::Answering,
    persist::RunReport,
};

/// Records a scrape in the ledger if it brought a whole scope of an entity type up to date: the run was applied
/// completely, and `ensure` would scrape no other source for that scope. Returns whether it did.
///
/// `source` is the source that was requested; the run may belong to one of its fallbacks.
///
/// Don't call this for a scrape of an archive, whose records are as old as the archive.
pub async fn enter(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    report: &RunReport,
) -> Result<bool> {
    if !report.is_sync() || !is_only_primary(scraper, source, scope) {
        return Ok(false);
    }
    let synced = Synced {
        is_partial: false,
        num_records: i64::try_from(report.counts.num_seen).ok(),
        run_id: Some(report.run_id),
        source_name: Some(&report.source),
        synced_at: None,
    };
    // The start of the run, because it may have missed changes that were made at the source during the run.
    let synced_at = clock::now().checked_sub(report.duration).unwrap_or(Timestamp::MIN);
    let client = scraper.database.client().await?;
    Ok(ledger::catch_up(&**client, &source.entity_type, scope, synced_at, &synced).await?)
}

/// Records in the ledger that a scrape did not bring its scope up to date, so the reason for its age is visible. Only
/// for scopes for which [`enter`] would record a success. An unreachable database is not an error here: the run reports
/// it.
pub(super) async fn note_failure(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    failed: &Candidate,
) {
    if !is_only_primary(scraper, source, scope) {
        return;
    }
    let (code, message) = match &failed.result {
        // The scrape was stopped, or another process continues it: neither is the source's fault.
        Err(Error::Interrupted | Error::AttemptLost) => return,
        Err(error) => (error.code(), error.to_string()),
        Ok(report) => {
            let status = report.status.as_str();
            let messages = report.messages.join("; ");
            (failed.reason_code().unwrap_or(status), format!("run {} is {status}: {messages}", report.run_id))
        }
    };
    let Ok(client) = scraper.database.client().await else { return };
    let entity_type = &source.entity_type;
    let _ = ledger::note_failure(&**client, entity_type, scope, code, &message, failed.run_id).await;
}

/// Whether this is the only source that `ensure` would scrape for the scope, apart from fallbacks.
fn is_only_primary(scraper: &Scraper, source: &SourceDefinition, scope: &Scope) -> bool {
    Answering::of(&scraper.sources, &source.entity_type, scope).is_only(&source.name)
}
