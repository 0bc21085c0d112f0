//! What happens while the database is away.
//!
//! After a few failures in a row the database is left alone for a while (a breaker of its own, in this process), so that
//! callers need not wait for connections that will not come. Who asks meanwhile gets the source scraped: nothing is
//! stored, and the answer says so. What was scraped is kept in a temporary file, and persisted, as of the time when it
//! was observed, when the database is back; then the ledger catches up. It is lost if this process ends before.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use forebay_domain::{
    breaker::{Answer, Breaker, BreakerPolicy, CallOutcome},
    freshness::Freshness,
};
use forebay_store::freshness::{self as ledger, LedgerEntry, Synced};
use jiff::{SignedDuration, Timestamp};
use tokio::time;

use super::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Shared, Tried, Wanted};
use crate::{
    error::{Error, Result},
    scrape::collect::{Collected, collect},
};

/// The most scopes whose records are kept until the database is back.
const MOST_KEPT: usize = 64;
/// How long to wait between two tries to persist what was kept.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// So long nobody asks the sources again that failed while the database was away.
const LEFT_ALONE: SignedDuration = SignedDuration::from_secs(15);

/// When the database is left alone.
fn policy() -> BreakerPolicy {
    BreakerPolicy {
        max_consecutive: Some(2),
        wait: SignedDuration::from_secs(5),
        max_wait: SignedDuration::from_secs(60),
        success_threshold: 1,
        ..BreakerPolicy::default()
    }
}

/// A sync that the ledger does not know of yet.
#[derive(Clone, Debug)]
pub(super) struct LateSync {
    pub(super) synced_at: Timestamp,
    pub(super) run_id: Option<i64>,
    pub(super) num_records: i64,
    pub(super) answered_by: String,
}

/// What this process knows of the database's absence.
#[derive(Debug)]
pub(super) struct Away {
    breaker: Breaker,
    owed: HashMap<Wanted, LateSync>,
    /// What was told without it, and as of when: good for who asks next.
    told: HashMap<Wanted, (Timestamp, Ensured)>,
    num_kept: usize,
}

impl Away {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { breaker: Breaker::new(now), owed: HashMap::new(), told: HashMap::new(), num_kept: 0 }
    }

    /// Remembers a sync for when the ledger can be written again.
    pub(super) fn owe(&mut self, wanted: Wanted, late: LateSync) {
        self.owed.insert(wanted, late);
    }
}

/// What the ledger says of a scope. Errors: `schema_missing`, which names the migration; `database_unreachable` and its
/// kin, at once while the breaker is open.
pub(super) async fn find(shared: &Shared, wanted: &Wanted) -> Result<Option<LedgerEntry>> {
    let lock = || shared.away.lock().unwrap_or_else(PoisonError::into_inner);
    let permit = {
        let mut away = lock();
        let breaker = away.breaker.clone();
        let (breaker, answer, _) = breaker.ask(&policy(), Timestamp::now(), [0; 16]);
        away.breaker = breaker;
        match answer {
            Answer::Permit(permit) => permit,
            Answer::Refused { retry_after, .. } => {
                return Err(Error::DatabaseLeftAlone { retry_after: retry_after.unsigned_abs() });
            }
        }
    };
    let found = async {
        let client = shared.scraper.database.client().await?;
        catch_up(shared, &client).await;
        ledger::find(&**client, &wanted.entity_type, &wanted.scope).await
    }
    .await;
    let outcome = match &found {
        Err(error) if error.is_unreachable() => CallOutcome::Transient,
        _ => CallOutcome::Success,
    };
    let mut away = lock();
    if outcome == CallOutcome::Success && away.num_kept == 0 {
        away.told.clear();
    }
    let breaker = away.breaker.clone();
    away.breaker = breaker.record(&policy(), permit, outcome, None, Timestamp::now(), 0.0).0;
    Ok(found?)
}

/// Enters the syncs that the ledger missed.
async fn catch_up(shared: &Shared, client: &tokio_postgres::Client) {
    let owed: Vec<(Wanted, LateSync)> = {
        let mut away = shared.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.owed.drain().collect()
    };
    for (wanted, late) in owed {
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
            shared.away.lock().unwrap_or_else(PoisonError::into_inner).owe(wanted, late);
        }
    }
}

/// Scrapes without a database, unless that was done a short while ago.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    wanted: &Wanted,
    options: EnsureOptions,
    error: &Error,
) -> Ensured {
    let lock = || shared.away.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, answer)) = lock().told.get(wanted)
        && !options.force
    {
        let is_good = if answer.success {
            shared.judge(wanted, Some(*at)).freshness == Freshness::Fresh
        } else {
            at.duration_until(Timestamp::now()) < LEFT_ALONE
        };
        if is_good {
            return Ensured { source: answer.source.again(), ..answer.clone() };
        }
    }
    let asked_at = Timestamp::now();
    let mut answer = shared.fall_back(wanted, None, EnsureError::from(error));
    let sources = super::refresh::sources_of(shared, wanted);
    let (mut num_whole, mut num_records) = (0, 0);
    for name in &sources {
        let (scraper, scope, name_of) = (shared.scraper.clone(), wanted.scope.clone(), name.clone());
        let stop = shared.stop.clone();
        let collected = super::single_flight::in_background(async move || {
            let source = scraper.source(&name_of)?;
            tokio::select! {
                collected = collect(&scraper, source, &scope) => collected,
                () = stop.asked() => Err(Error::Interrupted),
            }
        });
        match collected.await.unwrap_or(Err(Error::Reader)) {
            Ok(collected) => {
                answer.success = true;
                answer.source = AnsweredFrom::Scrape;
                num_whole += usize::from(collected.incomplete.is_none());
                num_records += collected.num_records;
                answer.answered_by = Some(match answer.answered_by.take() {
                    Some(others) => format!("{others},{name}"),
                    None => name.clone(),
                });
                answer.tried.push(tried(name, "collected", None));
                answer.warnings.extend(collected.incomplete.clone());
                let what = if !shared.keeps {
                    "is not stored, because nobody waits here until it is back: ask again then"
                } else if keep(shared, wanted, collected) {
                    "is stored as soon as it is back"
                } else {
                    "is not stored"
                };
                answer.warnings.push(format!("the database is away: what {name} gave {what}"));
            }
            Err(error) => {
                answer.warnings.push(format!("{name}: {error}"));
                answer.tried.push(tried(name, "error", Some(error.code())));
            }
        }
    }
    answer.num_records = i64::try_from(num_records).ok().filter(|_| answer.success);
    answer.is_fresh = answer.success && num_whole == sources.len();
    answer.is_partial = answer.success && !answer.is_fresh;
    lock().told.insert(wanted.clone(), (asked_at, answer.clone()));
    answer
}

fn tried(source: &str, status: &str, code: Option<&str>) -> Tried {
    Tried {
        source: source.to_owned(),
        run_id: None,
        status: status.to_owned(),
        reason_code: code.map(str::to_owned),
    }
}

/// Keeps what was scraped until it can be persisted; false if there is no room.
fn keep(shared: &Arc<Shared>, wanted: &Wanted, collected: Collected) -> bool {
    {
        let mut away = shared.away.lock().unwrap_or_else(PoisonError::into_inner);
        if away.num_kept >= MOST_KEPT {
            return false;
        }
        away.num_kept += 1;
    }
    let (shared, wanted) = (Arc::clone(shared), wanted.clone());
    super::single_flight::in_background(async move || {
        let late = loop {
            time::sleep(TRY_AGAIN).await;
            match collected.persist(&shared.scraper).await {
                Ok(late) => break late,
                Err(error) if error.is_unreachable() => {}
                Err(_) => break None,
            }
        };
        {
            let mut away = shared.away.lock().unwrap_or_else(PoisonError::into_inner);
            away.num_kept -= 1;
            if let Some(report) = late {
                let late = LateSync {
                    synced_at: collected.observed_at,
                    run_id: Some(report.run_id),
                    num_records: i64::try_from(report.counts.num_seen).unwrap_or(i64::MAX),
                    answered_by: collected.source.clone(),
                };
                away.owe(wanted, late);
            }
        }
        // If not now, then with the next look.
        if let Ok(client) = shared.scraper.database.client().await {
            catch_up(&shared, &client).await;
        }
    });
    true
}
