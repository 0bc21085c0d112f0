//! Answers while the database is unreachable.
//!
//! The sources are scraped without storing anything, and the answer says so. The records wait in a temporary file. Once
//! the database is back, they are persisted with the time when they were observed, and the ledger is updated. They are
//! lost if this process ends first.

use std::{sync::Arc, time::Duration};

use forebay_store::{
    freshness::{self as ledger, LedgerEntry, Synced},
    references,
};
use tokio::{time, try_join};

use super::{
    answer::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Tried, Wanted},
    outage::LateSync,
    shared::Shared,
};
use crate::{
    clock,
    error::{Error, Result},
    scrape::collect::{Collected, collect},
};

/// The wait between two attempts to persist kept records.
const RETRY: Duration = Duration::from_secs(2);

/// Reads the ledger's entry of a scope. Errors: `schema_missing`, which names the migration; `database_unreachable` and
/// similar, immediately while the breaker is open.
pub(super) async fn find(shared: &Shared, wanted: &Wanted) -> Result<Option<LedgerEntry>> {
    let permit = shared.outage().ask(clock::now())?;
    let found: forebay_store::Result<_> = async {
        let client = shared.scraper.database.client().await?;
        catch_up(shared, &client).await;
        let (entity_type, scope) = (wanted.entity_type.as_str(), wanted.scope.to_string());
        // Sent together: one round trip.
        let pairs = [(entity_type, scope.as_str())];
        let (entry, counts) = try_join!(
            ledger::find(&**client, entity_type, &wanted.scope),
            references::count_in_scopes(&**client, &pairs),
        )?;
        Ok(entry.map(|entry| LedgerEntry {
            // What is active now, whatever happened since the sync.
            num_records: entry.last_sync.and(counts.first().copied()),
            ..entry
        }))
    }
    .await;
    let is_reached = !matches!(&found, Err(error) if error.is_unreachable());
    shared.outage().record(permit, is_reached, clock::now());
    Ok(found?)
}

/// Writes the late syncs to the ledger. Those that fail stay for the next call.
async fn catch_up(shared: &Shared, client: &tokio_postgres::Client) {
    let late = shared.outage().take_late();
    for (wanted, late) in late {
        let synced = Synced {
            is_partial: false,
            num_records: Some(late.num_records),
            run_id: late.run_id,
            source_name: Some(&late.answered_by),
            synced_at: None,
        };
        let entered =
            ledger::catch_up(client, &wanted.entity_type, &wanted.scope, late.synced_at, &synced).await;
        if entered.is_err() {
            shared.outage().add_late(wanted, late);
        }
    }
}

/// Scrapes without a database, unless an earlier caller's answer is still valid.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    options: EnsureOptions,
    error: &Error,
) -> Ensured {
    let asked_at = clock::now();
    if !options.force
        && let Some(answer) = shared.outage().answer(wanted, &shared.policies, asked_at)
    {
        return answer;
    }
    let mut answer = shared.fall_back(wanted, None, EnsureError::from(error));
    let sources = shared.sources_of(wanted);
    let (mut num_whole, mut num_records) = (0, 0);
    for name in &sources {
        let collected = async {
            let source = shared.scraper.source(name)?;
            tokio::select! {
                collected = collect(&shared.scraper, source, &wanted.scope) => collected,
                () = shared.stop.asked() => Err(Error::Interrupted),
            }
        };
        match collected.await {
            Ok(collected) => {
                answer.success = true;
                answer.answered_from = AnsweredFrom::Scrape;
                num_whole += usize::from(collected.incomplete.is_none());
                num_records += collected.num_records;
                answer.answered_by = Some(match answer.answered_by.take() {
                    Some(others) => format!("{others},{name}"),
                    None => name.clone(),
                });
                answer.tried.push(tried(name, error.code()));
                answer.warnings.extend(collected.incomplete.clone());
                let fate = if !shared.keeps_records {
                    "are not stored; ask again when it is back"
                } else if keep(shared, wanted, collected) {
                    "are stored as soon as it is back"
                } else {
                    "are not stored"
                };
                let warning = format!("the database cannot be reached: the records of {name} {fate}");
                answer.warnings.push(warning);
            }
            Err(error) => {
                answer.warnings.push(format!("{name}: {error}"));
                answer.tried.push(tried(name, error.code()));
            }
        }
    }
    answer.num_records = i64::try_from(num_records).ok().filter(|_| answer.success);
    answer.is_fresh = answer.success && num_whole == sources.len();
    answer.is_partial = answer.success && !answer.is_fresh;
    shared.outage().remember(wanted.clone(), asked_at, answer.clone());
    answer
}

/// A source that was scraped without a run.
fn tried(source: &str, reason_code: &str) -> Tried {
    Tried { source: source.to_owned(), run_id: None, status: None, reason_code: Some(reason_code.to_owned()) }
}

/// Keeps records until they can be persisted; false if there is no room.
fn keep(shared: &Arc<Shared>, wanted: &Wanted, collected: Collected) -> bool {
    if !shared.outage().reserve() {
        return false;
    }
    let (shared, wanted) = (Arc::clone(shared), wanted.clone());
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let report = loop {
            time::sleep(RETRY).await;
            match collected.persist(&shared.scraper).await {
                Ok(report) => break report,
                Err(error) if error.is_unreachable() => {}
                Err(error) => {
                    tracing::error!(
                        source = collected.source,
                        code = error.code(),
                        "records that were scraped without a database could not be persisted: {error}"
                    );
                    break None;
                }
            }
        };
        shared.outage().release();
        if let Some(report) = report {
            tracing::info!(
                source = collected.source,
                run_id = report.run_id,
                "persisted the records that were scraped without a database"
            );
            let late = LateSync {
                synced_at: collected.observed_at,
                run_id: Some(report.run_id),
                num_records: i64::try_from(report.counts.num_seen).unwrap_or(i64::MAX),
                answered_by: collected.source.clone(),
            };
            shared.outage().add_late(wanted, late);
        }
        // If the ledger cannot be written now, the next lookup does it.
        if let Ok(client) = shared.scraper.database.client().await {
            catch_up(&shared, &client).await;
        }
    });
    true
}
