//! Refreshes a scope as the holder of its attempt: scrapes the sources, writes the outcome to the ledger, and answers.

use std::{sync::Arc, time::Duration};

use forebay_store::{
    freshness::{self as ledger, LedgerEntry, Synced},
    jobs::Receipt,
};
use jiff::Timestamp;
use tokio::time;

use super::{
    answer::{AnsweredFrom, Ensured, Wanted},
    gathered::Gathered,
    no_source::no_source,
    outage::LateSync,
    shared::Shared,
};
use crate::{
    clock,
    error::{Error, Result},
    scrape::{ScrapeOptions, scrape_chain},
};

/// The warning in an answer if only part of the scope was refreshed.
pub(super) const PARTIAL: &str = "only part of the scope could be read, so it is no fresher than before";

/// Scrapes the sources while extending the lease, and writes the outcome to the ledger.
pub(super) async fn refresh(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    holder: Receipt,
    entry: &LedgerEntry,
    sources: Vec<String>,
    is_on_demand: bool,
) -> Result<Ensured> {
    let began_at = clock::now();
    tracing::info!(sources = sources.join(","), attempt = entry.attempt, "refreshing");
    let gathered = tokio::select! {
        gathered = gather(shared, wanted, &sources, is_on_demand) => gathered,
        () = until_lost(shared, wanted, holder) => {
            tracing::warn!("another process took over this attempt, because its lease had expired");
            return Err(Error::AttemptLost);
        }
    };
    // The source was not tested, so another caller that waits for this attempt takes over at once.
    if gathered.is_interrupted && gathered.answered_by.is_empty() {
        let client = shared.scraper.database.client().await?;
        let (entity_type, scope) = (&wanted.entity_type, &wanted.scope);
        ledger::extend(&**client, entity_type, scope, holder, Duration::ZERO).await?;
        return Err(Error::Interrupted);
    }
    let answer = close(shared, wanted, holder, entry, gathered, began_at).await;
    match &answer.error {
        None => tracing::info!(num_records = answer.num_records, run_id = answer.run_id, "refreshed"),
        Some(error) => tracing::warn!(
            code = error.code,
            is_served = answer.success,
            run_id = answer.run_id,
            "refreshing failed: {}",
            error.message
        ),
    }
    Ok(answer)
}

/// Extends the lease of the attempt until another process has it.
async fn until_lost(shared: &Shared, wanted: &Wanted, holder: Receipt) {
    loop {
        time::sleep(shared.lease / 3).await;
        // A short outage of the database is no reason to give up.
        let Ok(client) = shared.scraper.database.client().await else { continue };
        let extended =
            ledger::extend(&**client, &wanted.entity_type, &wanted.scope, holder, shared.lease).await;
        if matches!(extended, Ok(false)) {
            return;
        }
    }
}

/// Scrapes each source of the scope, and its fallbacks where it fails.
async fn gather(shared: &Shared, wanted: &Wanted, sources: &[String], is_on_demand: bool) -> Gathered {
    let mut gathered = Gathered::default();
    // The semaphore is never closed.
    let _permit = shared.scrapes.acquire().await;
    // The data is stale by our own policy, or the caller forces a scrape, so servers' freshness promises don't count.
    let stop = shared.stop.clone();
    let options = ScrapeOptions { revalidate: true, is_on_demand, stop, ..ScrapeOptions::default() };
    for source in sources.iter().filter_map(|name| shared.scraper.sources.get(name)) {
        let chain = scrape_chain(&shared.scraper, source, &wanted.scope, &options, &|_, _, _| {}).await;
        gathered.is_partial |= chain.answer().is_none();
        chain.candidates().for_each(|candidate| gathered.take(candidate));
    }
    gathered
}

/// Writes the outcome of the attempt to the ledger, and answers.
async fn close(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    holder: Receipt,
    before: &LedgerEntry,
    gathered: Gathered,
    synced_at: Timestamp,
) -> Ensured {
    let answered_by = (!gathered.answered_by.is_empty()).then(|| gathered.answered_by.join(","));
    let written = write(shared, wanted, holder, &gathered, answered_by.as_deref(), synced_at).await;
    let (entry, unwritten) = match written {
        Ok(Some(entry)) => (shared.with_active(wanted, entry).await, None),
        // Another process took over at the last moment. Persisted records stay, and that process reports the result.
        Ok(None) => (before.clone(), None),
        Err(error) => (before.clone(), Some(error)),
    };
    let Some(answered_by) = answered_by else {
        let error = gathered.error.unwrap_or_else(|| no_source(&shared.scraper.sources, &wanted.entity_type));
        let mut answer = shared.fall_back(wanted, Some(&entry), error);
        answer.warnings.extend(gathered.warnings);
        answer.tried = gathered.tried;
        return answer;
    };
    let mut answer = shared.answer(wanted, Some(&entry), AnsweredFrom::Scrape);
    answer.warnings = gathered.warnings;
    answer.tried = gathered.tried;
    answer.is_partial = gathered.is_partial;
    answer.run_id = gathered.run_id;
    answer.answered_by = Some(answered_by.clone());
    if gathered.is_partial {
        answer.warnings.push(PARTIAL.to_owned());
        answer.error = gathered.error;
    }
    if let Some(error) = unwritten {
        answer.warnings.push(format!("the ledger could not be written and will catch up: {error}"));
        if !gathered.is_partial {
            let late = LateSync {
                synced_at,
                run_id: gathered.run_id,
                num_records: gathered.num_records,
                answered_by,
            };
            shared.outage().add_late(wanted.clone(), late);
        }
    }
    answer
}

async fn write(
    shared: &Shared,
    wanted: &Wanted,
    holder: Receipt,
    gathered: &Gathered,
    answered_by: Option<&str>,
    synced_at: Timestamp,
) -> Result<Option<LedgerEntry>> {
    let client = shared.scraper.database.client().await?;
    let (entity_type, scope) = (&wanted.entity_type, &wanted.scope);
    if answered_by.is_none() {
        let error = gathered.error.as_ref();
        let (code, message) = error.map_or(("no_source", ""), |error| (&error.code, &error.message));
        let run_id = gathered.run_id;
        return Ok(ledger::fail(&**client, entity_type, scope, holder, code, message, run_id).await?);
    }
    let synced = Synced {
        is_partial: gathered.is_partial,
        num_records: Some(gathered.num_records),
        run_id: gathered.run_id,
        source_name: answered_by,
        synced_at: Some(synced_at),
    };
    Ok(ledger::succeed(&**client, entity_type, scope, holder, &synced).await?)
}
