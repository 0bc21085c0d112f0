//! The loops of a worker: claim due scopes, run them, claim again.

use std::{future::Future, pin::pin, time::Duration};

use forebay_store::schedules::Due;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::watch, time};
use tracing::warn;

use super::{
    due::{LONGEST_WAIT, claim, run, until_next},
    options::ScheduleOptions,
    report::{DueRun, ScheduleReport},
};
use crate::{clock, error::Result, scrape::scraper::Scraper};

/// Runs due scopes until `stop` completes, then lets running scrapes finish within [`ScheduleOptions::grace`].
/// `progress` gets each result. Retries while the database is unreachable.
pub async fn follow(
    scraper: &Scraper,
    options: &ScheduleOptions,
    progress: &(dyn Fn(&DueRun) + Sync),
    stop: impl Future<Output = ()>,
) -> ScheduleReport {
    let (cut_off, watching) = watch::channel(false);
    let mut report = ScheduleReport::default();
    let mut at_work = FuturesUnordered::new();
    let mut ended = |run: DueRun| {
        run.emit();
        report.add(&run);
        progress(&run);
    };
    let working = async {
        loop {
            let room = options.at_once.max(1).saturating_sub(at_work.len());
            let claimed = beside(&mut at_work, claim_now(scraper, options, room), &mut ended).await;
            at_work.extend(claimed.due.into_iter().map(|due| run(scraper, options, due, watching.clone())));
            tokio::select! {
                // Another scrape can start now.
                Some(run) = at_work.next(), if !at_work.is_empty() => ended(run),
                () = time::sleep(claimed.wait) => {}
            }
        }
    };
    tokio::select! {
        // A claim in flight at this moment is not run; its lease expires.
        () = stop => {}
        () = working => {}
    }
    close(at_work, &cut_off, options.grace, ended).await;
    report
}

/// Runs the scopes that are due at the moment of the call, each once. Stops early when `stop` completes, like
/// [`follow`].
pub async fn drain(
    scraper: &Scraper,
    options: &ScheduleOptions,
    progress: &(dyn Fn(&DueRun) + Sync),
    stop: impl Future<Output = ()>,
) -> Result<ScheduleReport> {
    let (cut_off, watching) = watch::channel(false);
    let due_by = clock::now();
    let mut report = ScheduleReport::default();
    let mut at_work = FuturesUnordered::new();
    let mut ended = |run: DueRun| {
        run.emit();
        report.add(&run);
        progress(&run);
    };
    let working = async {
        loop {
            let room = options.at_once.max(1).saturating_sub(at_work.len());
            let claimed = beside(&mut at_work, claim(scraper, options, due_by, room), &mut ended).await?;
            let found_any = !claimed.is_empty();
            at_work.extend(claimed.into_iter().map(|due| run(scraper, options, due, watching.clone())));
            if found_any && at_work.len() < options.at_once.max(1) {
                continue;
            }
            let Some(run) = at_work.next().await else { return Ok(()) };
            ended(run);
        }
    };
    let worked: Result<()> = tokio::select! {
        () = stop => Ok(()),
        worked = working => worked,
    };
    worked?;
    close(at_work, &cut_off, options.grace, ended).await;
    Ok(report)
}

/// Claims. Running scrapes continue meanwhile, because claiming may wait for a connection that one of them holds.
async fn beside<T>(
    at_work: &mut FuturesUnordered<impl Future<Output = DueRun>>,
    claiming: impl Future<Output = T>,
    ended: &mut impl FnMut(DueRun),
) -> T {
    let mut claiming = pin!(claiming);
    loop {
        tokio::select! {
            Some(run) = at_work.next(), if !at_work.is_empty() => ended(run),
            claimed = &mut claiming => return claimed,
        }
    }
}

/// Lets running scrapes finish within the grace period, and then has them release their claims.
async fn close(
    mut at_work: FuturesUnordered<impl Future<Output = DueRun>>,
    cut_off: &watch::Sender<bool>,
    grace: Duration,
    mut ended: impl FnMut(DueRun),
) {
    let mut deadline = pin!(time::sleep(grace));
    while !at_work.is_empty() {
        tokio::select! {
            Some(run) = at_work.next() => ended(run),
            () = &mut deadline, if !*cut_off.borrow() => drop(cut_off.send_replace(true)),
        }
    }
}

/// Claimed scopes, and when to claim again unless a scrape ends first.
struct Claimed {
    due: Vec<Due>,
    wait: Duration,
}

async fn claim_now(scraper: &Scraper, options: &ScheduleOptions, room: usize) -> Claimed {
    let due = match claim(scraper, options, clock::now(), room).await {
        Ok(due) => due,
        Err(error) => {
            warn!(code = error.code(), "schedules cannot be read; retrying: {error}");
            Vec::new()
        }
    };
    let wait = match due.len() {
        number if number == room => LONGEST_WAIT,
        _ => until_next(scraper).await,
    };
    Claimed { due, wait }
}
