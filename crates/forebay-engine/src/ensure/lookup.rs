//! Looks up a scope in the ledger, and refreshes it if necessary.

use std::{sync::Arc, time::Duration};

use forebay_domain::freshness::Freshness;
use forebay_store::{
    freshness::{self as ledger, Begun, LedgerEntry, SyncStatus},
    jobs::Receipt,
};
use tokio::time;
use tracing::Instrument;

use super::{
    answer::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Wanted},
    no_source::no_source,
    offline,
    refresh::{PARTIAL, refresh},
    shared::Shared,
};
use crate::error::{Error, Result};

/// How often to check the attempt of another process.
const POLL: Duration = Duration::from_millis(200);

/// Answers one question, and keeps the answer in memory.
pub(super) async fn look_up(shared: Arc<Shared>, wanted: Wanted, options: EnsureOptions) -> Arc<Ensured> {
    let span = tracing::info_span!("ensure", entity_type = wanted.entity_type, scope = %wanted.scope);
    let answer = Box::pin(find_or_refresh(&shared, &wanted, options)).instrument(span).await;
    shared.remember(&wanted, &answer);
    Arc::new(answer)
}

async fn find_or_refresh(shared: &Arc<Shared>, wanted: &Wanted, options: EnsureOptions) -> Ensured {
    let entry = match offline::find(shared, wanted).await {
        Ok(entry) => entry,
        Err(error) if error.is_unreachable() && !options.read_only => {
            return offline::serve(shared, wanted, options, &error).await;
        }
        Err(error) => return shared.fall_back(wanted, None, EnsureError::from(&error)),
    };
    if options.read_only {
        return stored(shared, wanted, entry.as_ref());
    }
    if options.force {
        return begin(shared, wanted, entry, options).await;
    }
    let judged = shared.judge(wanted, entry.as_ref().and_then(|entry| entry.last_sync));
    match judged.freshness {
        Freshness::Fresh => shared.answer(wanted, entry.as_ref(), AnsweredFrom::Ledger),
        Freshness::StaleWhileRevalidate => {
            let mut answer = shared.answer(wanted, entry.as_ref(), AnsweredFrom::Stale);
            answer.warnings.push("the stored data is stale and is being refreshed".to_owned());
            refresh_in_background(shared, wanted, entry, options);
            answer
        }
        Freshness::StaleIfError | Freshness::Expired | Freshness::Never => {
            begin(shared, wanted, entry, options).await
        }
    }
}

/// Refreshes a scope while its stored data is served, unless a refresh is already running.
fn refresh_in_background(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    entry: Option<LedgerEntry>,
    options: EnsureOptions,
) {
    if entry.as_ref().is_some_and(|entry| entry.is_held) {
        return;
    }
    let Some(revalidation) = shared.single_flight.begin_revalidating(wanted) else { return };
    let (shared, wanted) = (Arc::clone(shared), wanted.clone());
    let tasks = shared.tasks.clone();
    tasks.spawn(
        async move {
            let fresh = begin(&shared, &wanted, entry, options).await;
            shared.remember(&wanted, &fresh);
            drop(revalidation);
        }
        .in_current_span(),
    );
}

/// The stored data, for a caller that must not scrape.
fn stored(shared: &Shared, wanted: &Wanted, entry: Option<&LedgerEntry>) -> Ensured {
    let mut answer = shared.answer(wanted, entry, AnsweredFrom::Ledger);
    if answer.last_sync.is_none() {
        answer.success = false;
        answer.answered_from = AnsweredFrom::None;
        answer.error = Some(EnsureError {
            code: "never_synced".to_owned(),
            message: format!("{} was never synced for this scope", wanted.entity_type),
            hint: Some("ask without --read-only; `forebay freshness --stale` lists the scopes".to_owned()),
            retry_after_seconds: None,
            is_unreachable: false,
        });
    } else if !answer.is_fresh {
        answer.answered_from = AnsweredFrom::Stale;
    }
    answer
}

/// Takes the attempt and refreshes the scope, or waits for the process that has the attempt.
async fn begin(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    entry: Option<LedgerEntry>,
    options: EnsureOptions,
) -> Ensured {
    let sources = shared.sources_of(wanted);
    if sources.is_empty() {
        let error = no_source(&shared.scraper.sources, &wanted.entity_type);
        return shared.fall_back(wanted, entry.as_ref(), error);
    }
    match attempt(shared, wanted, entry.as_ref(), sources, options).await {
        Ok(answer) => answer,
        Err(error) => shared.fall_back(wanted, entry.as_ref(), EnsureError::from(&error)),
    }
}

async fn attempt(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    entry: Option<&LedgerEntry>,
    sources: Vec<String>,
    options: EnsureOptions,
) -> Result<Ensured> {
    let mut seen = entry.map_or(0, |entry| entry.attempt);
    loop {
        let begun = {
            let client = shared.scraper.database.client().await?;
            ledger::begin(&**client, &wanted.entity_type, &wanted.scope, seen, shared.lease).await?
        };
        let entry = match begun {
            Begun::Acquired { holder, entry } => {
                if !options.force && give_back_if_fresh(shared, wanted, holder, &entry).await? {
                    let entry = shared.with_active(wanted, entry).await;
                    return Ok(shared.answer(wanted, Some(&entry), AnsweredFrom::Ledger));
                }
                let is_on_demand = options.force || options.is_on_demand;
                return refresh(shared, wanted, holder, &entry, sources, is_on_demand).await;
            }
            Begun::Busy { entry, .. } => wait(shared, wanted, entry).await?,
            Begun::Ended(entry) => entry,
        };
        if entry.status != SyncStatus::InProgress {
            let entry = shared.with_active(wanted, entry).await;
            return Ok(outcome_of_others(shared, wanted, &entry));
        }
        tracing::warn!("the process that was refreshing this scope stopped; taking over");
        seen = entry.attempt;
    }
}

/// A schedule may have scraped the scope after this caller found it stale. While this caller holds the attempt, no
/// other can begin, so this second look is final.
async fn give_back_if_fresh(
    shared: &Shared,
    wanted: &Wanted,
    holder: Receipt,
    entry: &LedgerEntry,
) -> Result<bool> {
    if shared.judge(wanted, entry.last_sync).freshness != Freshness::Fresh {
        return Ok(false);
    }
    let client = shared.scraper.database.client().await?;
    Ok(ledger::give_back(&**client, &wanted.entity_type, &wanted.scope, holder).await?)
}

/// Waits while another process has the attempt. Returns the entry when the attempt ended or its lease expired.
async fn wait(shared: &Shared, wanted: &Wanted, mut entry: LedgerEntry) -> Result<LedgerEntry> {
    tracing::debug!(attempt = entry.attempt, "waiting for the process that is refreshing this scope");
    let attempt = entry.attempt;
    while entry.is_held && entry.attempt == attempt {
        tokio::select! {
            () = time::sleep(POLL) => {}
            () = shared.stop.asked() => return Err(Error::Interrupted),
        }
        let client = shared.scraper.database.client().await?;
        if let Some(now) = ledger::find(&**client, &wanted.entity_type, &wanted.scope).await? {
            entry = now;
        }
    }
    Ok(entry)
}

/// The answer that results from another process's attempt.
fn outcome_of_others(shared: &Shared, wanted: &Wanted, entry: &LedgerEntry) -> Ensured {
    if entry.status == SyncStatus::Success {
        let mut answer = shared.answer(wanted, Some(entry), AnsweredFrom::Ledger);
        if entry.is_partial {
            answer.warnings.push(PARTIAL.to_owned());
        }
        return answer;
    }
    let error = EnsureError {
        code: entry.error_code.clone().unwrap_or_default(),
        message: entry.error.clone().unwrap_or_default(),
        hint: None,
        retry_after_seconds: None,
        is_unreachable: false,
    };
    shared.fall_back(wanted, Some(entry), error)
}
