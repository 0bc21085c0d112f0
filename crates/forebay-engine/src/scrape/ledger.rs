//! What a scrape that nobody asked for through `ensure` means for the ledger of freshness.

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_store::freshness::{self as ledger, Synced};

use super::{Scraper, SourceDefinition, Sources, chain::Candidate};
use crate::{
    error::{Error, Result},
    freshness::Answering,
    persist::RunReport,
};

/// Enters a scrape into the ledger, if it brought a whole scope of an entity type up to date: the run was applied as a
/// whole, and no other source has to be scraped for that scope. Tells whether it did.
///
/// The run may be of a source that stood in for the one that was asked, which is `source`.
///
/// Not for a scrape of an archive: what that brings is as old as the archive.
pub async fn enter(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    report: &RunReport,
) -> Result<bool> {
    let is_empty = report.counts.num_seen == 0 && report.had_records;
    if report.status != RunStatus::Complete || is_empty || !is_only_source(&scraper.sources, source, scope) {
        return Ok(false);
    }
    let synced = Synced {
        is_partial: false,
        num_records: i64::try_from(report.counts.num_seen).ok(),
        run_id: Some(report.run_id),
        source_name: Some(&report.source),
        synced_at: None,
    };
    // What changed at the source while it was read may not have been seen.
    let synced_at = jiff::Timestamp::now().checked_sub(report.duration).unwrap_or(jiff::Timestamp::MIN);
    let client = scraper.database.client().await?;
    Ok(ledger::catch_up(&**client, &source.entity_type, scope, synced_at, &synced).await?)
}

/// Notes in the ledger that a scrape did not bring its scope up to date, so that whoever looks at its freshness sees why.
/// Only where [`enter`] would have entered it. That nobody could be told is no error: the run says the same.
pub(super) async fn note_failure(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
    failed: &Candidate,
) {
    if !is_only_source(&scraper.sources, source, scope) {
        return;
    }
    let (code, message) = match &failed.result {
        // Somebody stopped it, or another process goes on: that says nothing of the source.
        Err(Error::Interrupted | Error::AttemptLost) => return,
        Err(error) => (error.code(), error.to_string()),
        Ok(report) => {
            let code = failed.reason_code().unwrap_or_else(|| report.status.as_str());
            (
                code,
                format!(
                    "run {} is {}: {}",
                    report.run_id,
                    report.status.as_str(),
                    report.messages.join("; ")
                ),
            )
        }
    };
    let Ok(client) = scraper.database.client().await else { return };
    let entity_type = &source.entity_type;
    let _ = ledger::note_failure(&**client, entity_type, scope, code, &message, failed.run_id).await;
}

/// Whether `ensure` scrapes this source for the scope, and no other.
fn is_only_source(sources: &Sources, source: &SourceDefinition, scope: &Scope) -> bool {
    Answering::of(sources, &source.entity_type, scope).is_only(&source.name)
}
