//! Enters runs of `persist` in the ledger.
//!
//! A complete run of a source is a sync of its entity type and scope: everything that the source has was read and
//! applied. A run that is incremental, partial, held or empty is none, because part of the scope may be as old as
//! before.

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_store::{
    connect::{Client, Database},
    freshness::{self as ledger, Synced},
    references,
    runs::{self, RunRow},
    sources,
};
use jiff::Timestamp;

use super::answering::Answering;
use crate::{
    error::{Error, Result},
    persist::RunReport,
    scrape::definition::Sources,
};

/// Records a run of `persist` in the ledger if it was a sync, or why it failed if it didn't end as complete.
///
/// `configured` are the sources that `ensure` can scrape. If it would scrape others for the scope, or others have
/// stored records in it without ever being complete, this run alone doesn't bring the scope up to date.
pub async fn enter_persisted(database: &Database, configured: &Sources, report: &RunReport) -> Result<()> {
    enter(database, configured, report.run_id, report.is_sync()).await
}

/// Records a held run that an operator has released or re-keyed.
pub async fn enter_decided(database: &Database, configured: &Sources, run_id: i64) -> Result<()> {
    enter(database, configured, run_id, true).await
}

/// `is_sync`: a run that was applied as a whole counts as a sync.
async fn enter(database: &Database, configured: &Sources, run_id: i64, is_sync: bool) -> Result<()> {
    let client = database.client().await?;
    let run = runs::find(&**client, run_id).await?;
    let run = run.ok_or(Error::NoSuchRun { run_id })?;
    if !run.is_complete {
        return Ok(());
    }
    let source = sources::find(&**client, &run.source).await?;
    let Some(entity_type) = source.map(|source| source.entity_type) else { return Ok(()) };
    let Ok(scope) = run.scope.parse::<Scope>() else { return Ok(()) };
    let scraped = Answering::of(configured, &entity_type, &scope);
    if !scraped.sources.is_empty() && !scraped.is_only(&run.source) {
        return Ok(());
    }
    if run.status != RunStatus::Complete {
        let code = run.reason_code.as_deref().unwrap_or(run.status.as_str());
        let message = run.message.as_deref().unwrap_or_default();
        let message = format!("run {run_id} is {}: {message}", run.status.as_str());
        ledger::note_failure(&**client, &entity_type, &scope, code, &message, Some(run_id)).await?;
        return Ok(());
    }
    if !is_sync {
        return Ok(());
    }
    let Some(synced_at) = oldest(&client, &run, &entity_type, &scope).await? else { return Ok(()) };
    let num_active = references::count_active(&**client, run.source_id, &run.scope).await?;
    let synced = Synced {
        is_partial: false,
        num_records: i64::try_from(num_active).ok().filter(|_| synced_at == run.observed_at),
        run_id: Some(run_id),
        source_name: Some(&run.source),
        synced_at: None,
    };
    ledger::catch_up(&**client, &entity_type, &scope, synced_at, &synced).await?;
    Ok(())
}

/// How old the data of the scope is: the time of this run, or of the last complete run of another source with records
/// in it. `None`: another source has records in the scope and was never complete.
async fn oldest(
    client: &Client,
    run: &RunRow,
    entity_type: &str,
    scope: &Scope,
) -> Result<Option<Timestamp>> {
    let mut oldest = run.observed_at;
    for other in sources::of_type(&***client, entity_type).await? {
        if other == run.source_id || !references::any_active(&***client, other, &run.scope).await? {
            continue;
        }
        match runs::watermark(&***client, other, scope).await? {
            Some(observed_at) => oldest = oldest.min(observed_at),
            None => return Ok(None),
        }
    }
    Ok(Some(oldest))
}
