//! Bringing a scope up to date: the ledger, the attempt, the sources and what they fall back to.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use forebay_domain::{freshness::Freshness, run::RunStatus};
use forebay_store::{
    freshness::{self as ledger, Begun, LedgerEntry, SyncStatus, Synced},
    jobs::Receipt,
};
use jiff::Timestamp;
use tokio::time;

use super::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Shared, Tried, Wanted, outage};
use crate::{
    error::{Error, Result},
    freshness::Answering,
    scrape::{Candidate, ScrapeOptions, SourceDefinition, scrape_chain},
};

/// How often the attempt of another process is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Looks in the ledger, and brings the scope up to date if it has to be.
pub(super) async fn look(shared: &Arc<Shared>, wanted: &Wanted, options: EnsureOptions) -> Ensured {
    let entry = match outage::find(shared, wanted).await {
        Ok(entry) => entry,
        Err(error) if error.is_unreachable() && !options.read_only => {
            return outage::serve(shared, wanted, options, &error).await;
        }
        Err(error) => return shared.fall_back(wanted, None, EnsureError::from(&error)),
    };
    let judged = shared.judge(wanted, entry.as_ref().and_then(|entry| entry.last_sync));
    if options.read_only {
        return stored(shared, wanted, entry.as_ref());
    }
    if options.force {
        return bring_up_to_date(shared, wanted, entry, true).await;
    }
    match judged.freshness {
        Freshness::Fresh => shared.answer(wanted, entry.as_ref(), AnsweredFrom::Ledger),
        Freshness::StaleWhileRevalidate => {
            let mut answer = shared.answer(wanted, entry.as_ref(), AnsweredFrom::Stale);
            answer.warnings.push("what is stored is served while it is brought up to date".to_owned());
            let is_held = entry.as_ref().is_some_and(|entry| entry.is_held);
            if !is_held && shared.flights.begin_revalidating(wanted) {
                let (shared, wanted) = (Arc::clone(shared), wanted.clone());
                tokio::spawn(async move {
                    let fresh = bring_up_to_date(&shared, &wanted, entry, false).await;
                    shared.remember(&wanted, &fresh);
                    shared.flights.end_revalidating(&wanted);
                });
            }
            answer
        }
        Freshness::StaleIfError | Freshness::Expired | Freshness::Never => {
            bring_up_to_date(shared, wanted, entry, false).await
        }
    }
}

/// What there is, for who must not scrape.
fn stored(shared: &Shared, wanted: &Wanted, entry: Option<&LedgerEntry>) -> Ensured {
    let mut answer = shared.answer(wanted, entry, AnsweredFrom::Ledger);
    if answer.last_sync.is_none() {
        answer.success = false;
        answer.source = AnsweredFrom::None;
        answer.error = Some(EnsureError {
            code: "never_synced".to_owned(),
            message: format!("{} was never synced for this scope", wanted.entity_type),
            hint: Some("ask for it with scraping allowed".to_owned()),
            retry_after_seconds: None,
        });
    } else if !answer.is_fresh {
        answer.source = AnsweredFrom::Stale;
    }
    answer
}

/// Gets the attempt or waits for the one that has it.
async fn bring_up_to_date(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    entry: Option<LedgerEntry>,
    force: bool,
) -> Ensured {
    let names = sources_of(shared, wanted);
    if names.is_empty() {
        return shared.fall_back(wanted, entry.as_ref(), no_source(shared, wanted));
    }
    match attempt(shared, wanted, entry.as_ref(), names, force).await {
        Ok(answer) => answer,
        Err(error) => shared.fall_back(wanted, entry.as_ref(), EnsureError::from(&error)),
    }
}

async fn attempt(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    entry: Option<&LedgerEntry>,
    sources: Vec<String>,
    force: bool,
) -> Result<Ensured> {
    let mut seen = entry.map_or(0, |entry| entry.attempt);
    loop {
        let begun = {
            let client = shared.scraper.database.client().await?;
            ledger::begin(&**client, &wanted.entity_type, &wanted.scope, seen, shared.lease).await?
        };
        let entry = match begun {
            Begun::Acquired { holder, entry } => {
                if !force && is_needless(shared, wanted, holder, &entry).await? {
                    return Ok(shared.answer(wanted, Some(&entry), AnsweredFrom::Ledger));
                }
                return run(shared, wanted, holder, &entry, sources).await;
            }
            Begun::Busy { entry, .. } => wait(shared, wanted, entry).await?,
            Begun::Ended(entry) => entry,
        };
        if entry.status != SyncStatus::InProgress {
            return Ok(told(shared, wanted, &entry));
        }
        // Its lease ran out: who comes first takes it over.
        seen = entry.attempt;
    }
}

/// Looks again, now that nobody else can begin: a schedule may have scraped the scope since it was found stale.
async fn is_needless(shared: &Shared, wanted: &Wanted, holder: Receipt, entry: &LedgerEntry) -> Result<bool> {
    if shared.judge(wanted, entry.last_sync).freshness != Freshness::Fresh {
        return Ok(false);
    }
    let client = shared.scraper.database.client().await?;
    Ok(ledger::give_back(&**client, &wanted.entity_type, &wanted.scope, holder).await?)
}

/// Waits while another process is at it; the entry as it is afterwards, or as it was when its lease ran out.
async fn wait(shared: &Shared, wanted: &Wanted, mut entry: LedgerEntry) -> Result<LedgerEntry> {
    let attempt = entry.attempt;
    while entry.is_held && entry.attempt == attempt {
        tokio::select! {
            () = time::sleep(LOOK_AGAIN) => {}
            () = shared.stop.asked() => return Err(Error::Interrupted),
        }
        let client = shared.scraper.database.client().await?;
        if let Some(now) = ledger::find(&**client, &wanted.entity_type, &wanted.scope).await? {
            entry = now;
        }
    }
    Ok(entry)
}

/// The answer that another one's attempt gives.
fn told(shared: &Shared, wanted: &Wanted, entry: &LedgerEntry) -> Ensured {
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
    };
    shared.fall_back(wanted, Some(entry), error)
}

const PARTIAL: &str = "only a part could be read, so the whole is no fresher than before";

/// What the sources of a scope gave.
#[derive(Default)]
struct Gathered {
    tried: Vec<Tried>,
    warnings: Vec<String>,
    answered_by: Vec<String>,
    num_records: i64,
    run_id: Option<i64>,
    is_partial: bool,
    is_interrupted: bool,
    error: Option<EnsureError>,
}

/// Scrapes, as the holder of the attempt, and writes into the ledger what came of it.
async fn run(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    holder: Receipt,
    entry: &LedgerEntry,
    sources: Vec<String>,
) -> Result<Ensured> {
    let began_at = Timestamp::now();
    let gathered = {
        let (shared, wanted) = (Arc::clone(shared), wanted.clone());
        // It may have to wait for its turn, and says that it is alive meanwhile.
        super::single_flight::in_background(async move || {
            tokio::select! {
                gathered = gather(&shared, &wanted, &sources) => Some(gathered),
                () = until_lost(&shared, &wanted, holder) => None,
            }
        })
    };
    match gathered.await {
        // Nothing is known of the source: whoever waits for this takes over at once.
        Ok(Some(gathered)) if gathered.is_interrupted && gathered.answered_by.is_empty() => {
            let client = shared.scraper.database.client().await?;
            let (entity_type, scope) = (&wanted.entity_type, &wanted.scope);
            ledger::extend(&**client, entity_type, scope, holder, Duration::ZERO).await?;
            Err(Error::Interrupted)
        }
        Ok(Some(gathered)) => Ok(close(shared, wanted, holder, entry, gathered, began_at).await),
        // Somebody took this process for dead and has the attempt now.
        Ok(None) => Err(Error::AttemptLost),
        Err(_) => Err(Error::Reader),
    }
}

/// Extends the lease of the attempt until it is not ours any more.
async fn until_lost(shared: &Shared, wanted: &Wanted, holder: Receipt) {
    loop {
        time::sleep(shared.lease / 3).await;
        // A database that is away for a moment is no reason to give up.
        let Ok(client) = shared.scraper.database.client().await else { continue };
        let extended =
            ledger::extend(&**client, &wanted.entity_type, &wanted.scope, holder, shared.lease).await;
        if matches!(extended, Ok(false)) {
            return;
        }
    }
}

/// Asks each source of the scope, and what it falls back to.
async fn gather(shared: &Arc<Shared>, wanted: &Wanted, sources: &[String]) -> Gathered {
    let mut gathered = Gathered::default();
    // It is never closed.
    let _turn = shared.scrapes.acquire().await;
    // The time to live is over by our own policy, or somebody insists: what servers promised does not count.
    let options = ScrapeOptions { revalidate: true, stop: shared.stop.clone(), ..ScrapeOptions::default() };
    for source in sources.iter().filter_map(|name| shared.scraper.sources.get(name)) {
        let chain = scrape_chain(&shared.scraper, source, &wanted.scope, &options, &|_, _, _| {}).await;
        gathered.is_partial |= chain.answer().is_none();
        chain.candidates().for_each(|candidate| gathered.take(candidate));
    }
    gathered
}

impl Gathered {
    /// Takes note of what a source gave.
    fn take(&mut self, candidate: &Candidate) {
        let name = &candidate.source;
        self.run_id = candidate.run_id.or(self.run_id);
        let reason_code = candidate.reason_code().map(str::to_owned);
        let status = match &candidate.result {
            Ok(report) => report.status.as_str(),
            Err(Error::Refused { .. }) => "refused",
            Err(_) => "error",
        };
        self.tried.push(Tried {
            source: name.clone(),
            run_id: candidate.run_id,
            status: status.to_owned(),
            reason_code: reason_code.clone(),
        });
        let report = match &candidate.result {
            Ok(report) => report,
            Err(error) => {
                self.warnings.push(format!("{name}: {error}"));
                self.is_interrupted |= matches!(error, Error::Interrupted);
                self.error = Some(EnsureError::from(error));
                return;
            }
        };
        if candidate.has_answered() {
            self.is_partial |= report.status == RunStatus::Partial;
            self.answered_by.push(name.clone());
            self.num_records += i64::try_from(report.counts.num_seen).unwrap_or(i64::MAX);
            self.warnings.extend(report.warnings.iter().cloned());
            if report.status == RunStatus::Partial {
                self.warnings.extend(report.messages.iter().cloned());
            }
            return;
        }
        let what = if report.messages.is_empty() {
            "no record where there were some".to_owned()
        } else {
            report.messages.join("; ")
        };
        let message = format!("run {} of {name} is {status}: {what}", report.run_id);
        self.warnings.push(message.clone());
        self.error = Some(EnsureError {
            code: reason_code.unwrap_or_else(|| status.to_owned()),
            message,
            hint: Some(format!("`forebay runs show {}` says more", report.run_id)),
            retry_after_seconds: None,
        });
    }
}

/// Writes what came of the attempt into the ledger, and answers.
async fn close(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    holder: Receipt,
    before: &LedgerEntry,
    gathered: Gathered,
    synced_at: Timestamp,
) -> Ensured {
    let answered_by = (!gathered.answered_by.is_empty()).then(|| gathered.answered_by.join(","));
    let closed = async {
        let client = shared.scraper.database.client().await?;
        let (entity_type, scope) = (&wanted.entity_type, &wanted.scope);
        match (&answered_by, &gathered.error) {
            (None, error) => {
                let (code, message) =
                    error.as_ref().map_or(("no_source", ""), |error| (&error.code, &error.message));
                ledger::fail(&**client, entity_type, scope, holder, code, message, gathered.run_id).await
            }
            (Some(source_name), _) => {
                let synced = Synced {
                    is_partial: gathered.is_partial,
                    num_records: Some(gathered.num_records),
                    run_id: gathered.run_id,
                    source_name: Some(source_name),
                    synced_at: Some(synced_at),
                };
                ledger::succeed(&**client, entity_type, scope, holder, &synced).await
            }
        }
    };
    let (entry, unwritten) = match closed.await {
        Ok(Some(entry)) => (entry, None),
        // Taken over at the last moment: what was persisted is, and the other one's attempt will say so.
        Ok(None) => (before.clone(), None),
        Err(error) => (before.clone(), Some(error)),
    };
    let Some(answered_by) = answered_by else {
        let error = gathered.error.unwrap_or_else(|| no_source(shared, wanted));
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
            let late = outage::LateSync {
                synced_at,
                run_id: gathered.run_id,
                num_records: gathered.num_records,
                answered_by,
            };
            shared.away.lock().unwrap_or_else(std::sync::PoisonError::into_inner).owe(wanted.clone(), late);
        }
    }
    answer
}

/// The names of the sources that are scraped for what is wanted.
pub(super) fn sources_of(shared: &Shared, wanted: &Wanted) -> Vec<String> {
    let answering = Answering::of(&shared.scraper.sources, &wanted.entity_type, &wanted.scope);
    answering.sources.into_iter().map(|source| source.name.clone()).collect()
}

fn no_source(shared: &Shared, wanted: &Wanted) -> EnsureError {
    let of_type: Vec<&SourceDefinition> =
        shared.scraper.sources.values().filter(|source| source.entity_type == wanted.entity_type).collect();
    let scopes: Vec<String> = of_type
        .iter()
        .flat_map(|source| &source.scopes)
        .take(SCOPES_SHOWN)
        .map(|scope| format!("`{scope}`"))
        .collect();
    let needed: BTreeSet<&str> = of_type.iter().flat_map(|source| source.kind.placeholders()).collect();
    let (message, hint) = match (of_type.is_empty(), scopes.is_empty(), needed.is_empty()) {
        (true, ..) => (
            format!("no source yields {}", wanted.entity_type),
            "`forebay sources list` shows what there is; [sources.NAME] of forebay.toml declares one"
                .to_owned(),
        ),
        (_, false, _) => (
            format!("no source yields {} for this scope", wanted.entity_type),
            format!("its scopes are {}", scopes.join(", ")),
        ),
        (_, _, false) => (
            format!("no source yields {} for this scope", wanted.entity_type),
            format!("a scope has to say {}", needed.into_iter().collect::<Vec<_>>().join(", ")),
        ),
        _ => (
            format!("no source yields {} for this scope", wanted.entity_type),
            "ask without a scope: its sources have no parts".to_owned(),
        ),
    };
    EnsureError { code: "no_source".to_owned(), message, hint: Some(hint), retry_after_seconds: None }
}

/// So many scopes are named to who asked for another one.
const SCOPES_SHOWN: usize = 10;
