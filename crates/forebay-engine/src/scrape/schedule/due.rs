//! One due scope: claimed for a lease, scraped, and given its next due time.

use std::time::Duration;

use forebay_domain::scope::Scope;
use forebay_store::schedules::{self, Due, Scrapable};
use jiff::Timestamp;
use tokio::{sync::watch, time};

use super::{
    options::ScheduleOptions,
    report::{DueEnd, DueRun},
};
use crate::{
    clock,
    error::Result,
    freshness::can_answer,
    scrape::{definition::SourceDefinition, many::scrape_one, options::ScrapeOptions, scraper::Scraper},
};

/// Maximum wait between two claims, because another process may have declared a schedule.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long to wait when other workers hold the due scopes, and between retries.
const POLL: Duration = Duration::from_secs(1);
/// How often setting the next due time is retried while the database is unreachable.
const MAX_RETRIES: u32 = 10;

/// Claims scopes that were due by a time, for a lease from now.
pub(super) async fn claim(
    scraper: &Scraper,
    options: &ScheduleOptions,
    due_by: Timestamp,
    limit: usize,
) -> Result<Vec<Due>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let since = Duration::try_from(due_by.duration_until(clock::now())).unwrap_or_default();
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let client = scraper.database.client().await?;
    let lease = since + options.lease;
    let (enabled, disabled) = scrapable(scraper);
    let scrapable = Scrapable { enabled: &enabled, disabled: &disabled };
    Ok(schedules::claim_due(&**client, due_by, lease, &options.worker, limit, scrapable).await?)
}

/// The enabled sources, and the disabled ones whose fallbacks stand in for them.
fn scrapable(scraper: &Scraper) -> (Vec<&str>, Vec<&str>) {
    let answering = scraper.sources.values().filter(|source| can_answer(&scraper.sources, source));
    let (enabled, disabled): (Vec<_>, Vec<_>) = answering.partition(|source| source.enabled);
    (names(&enabled), names(&disabled))
}

fn names<'a>(sources: &[&'a SourceDefinition]) -> Vec<&'a str> {
    sources.iter().map(|source| source.name.as_str()).collect()
}

/// How long to wait until a scope is due.
pub(super) async fn until_next(scraper: &Scraper) -> Duration {
    let next = async {
        let (enabled, disabled) = scrapable(scraper);
        let scrapable = Scrapable { enabled: &enabled, disabled: &disabled };
        let client = scraper.database.client().await?;
        schedules::next_due_at(&**client, scrapable).await
    };
    let Ok(next) = next.await else { return POLL };
    let Some(next) = next else { return LONGEST_WAIT };
    let wait = clock::now().duration_until(next);
    // Other workers have claimed the scopes that are already due.
    if wait.is_positive() { wait.unsigned_abs().min(LONGEST_WAIT) } else { POLL }
}

/// Scrapes a claimed scope, and sets its next due time.
pub(super) async fn run(
    scraper: &Scraper,
    options: &ScheduleOptions,
    due: Due,
    mut cut_off: watch::Receiver<bool>,
) -> DueRun {
    let ended = |run_id, ended| DueRun {
        source: due.row.source_name.clone(),
        scope: due.row.scope.clone(),
        due_at: due.due_at,
        run_id,
        answered_by: None,
        ended,
    };
    let source = scraper.sources.get(&due.row.source_name);
    let (Some(source), Ok(scope)) = (source, due.row.scope.parse::<Scope>()) else {
        return ended(None, DueEnd::Unknown);
    };
    let scrape_options = ScrapeOptions { log_level: options.log_level, ..ScrapeOptions::default() };
    let outcome = tokio::select! {
        outcome = scrape_one(scraper, source, &scope, &scrape_options, &|_, _, _| {}) => outcome,
        () = until_lost(scraper, options, &due) => return ended(None, DueEnd::Lost),
        _ = cut_off.wait_for(|is_cut_off| *is_cut_off) => {
            if let Ok(client) = scraper.database.client().await {
                // If the claim cannot be released, others wait until the lease has expired.
                let _released = schedules::extend(&**client, &due, clock::now(), Duration::ZERO).await;
            }
            return ended(None, DueEnd::CutOff);
        }
    };
    let answered_by = outcome.chain.answer().map(|answer| answer.source.clone());
    let decisive = outcome.chain.into_decisive();
    if let Ok(false) = finish(scraper, &due, decisive.run_id).await {
        return ended(decisive.run_id, DueEnd::Lost);
    }
    let end = match decisive.result {
        Ok(report) => DueEnd::Ended { status: report.status, reason_code: report.reason_code },
        Err(error) => DueEnd::Failed(error),
    };
    let answered_by = answered_by.filter(|name| *name != source.name);
    DueRun { answered_by, ..ended(decisive.run_id, end) }
}

/// Extends the claim; returns when another worker has it.
async fn until_lost(scraper: &Scraper, options: &ScheduleOptions, due: &Due) {
    loop {
        time::sleep(options.lease / 3).await;
        // The database may be unreachable for a moment.
        let Ok(client) = scraper.database.client().await else { continue };
        if let Ok(false) = schedules::extend(&**client, due, clock::now(), options.lease).await {
            return;
        }
    }
}

/// Sets the next due time. Retries while the database is unreachable; after the last retry the lease expires, and the
/// scope is run again.
async fn finish(scraper: &Scraper, due: &Due, run_id: Option<i64>) -> Result<bool> {
    let mut retries = 0;
    loop {
        let finished = async {
            let client = scraper.database.client().await?;
            schedules::finish(&**client, due, run_id, clock::now()).await
        };
        match finished.await {
            Err(error) if error.is_unreachable() && retries < MAX_RETRIES => {
                retries += 1;
                time::sleep(POLL).await;
            }
            finished => return Ok(finished?),
        }
    }
}
