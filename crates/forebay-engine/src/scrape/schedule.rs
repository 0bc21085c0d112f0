//! Running what is due: the schedules of all sources, on any number of machines, each due run once.
//!
//! A worker claims what is due, for as long as a lease that it extends while it scrapes, and sets the next time when it
//! is done. What a worker had claimed when it died is taken over once its lease has ended; the run that it left behind is
//! closed by the next one of the scope. How a run ends does not matter here: what failed is due again at its next time,
//! and a source that is out of order is kept by its breaker from being asked.
//!
//! Everything runs on the caller's task, as in [`work`](crate::work).

use std::{collections::BTreeSet, future::Future, pin::pin, time::Duration};

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_store::{
    connect::Database,
    schedules::{self, Due, ScheduleSpec},
    sources,
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{sync::watch, time};

use super::{definition::Sources, many::scrape_one, options::ScrapeOptions, scraper::Scraper};
use crate::{
    error::{Error, Result},
    logs::Level,
};

/// What is due is looked for at least so often: another process may have declared it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// So long a look that found nothing although something is due, because others have it, is waited for.
const POLL: Duration = Duration::from_secs(1);
/// How often the end of a run is told to a database that is away, a second apart.
const TRIES: u32 = 10;

/// How to run what is due.
#[derive(Clone, Debug)]
pub struct ScheduleOptions {
    /// Runs at the same time. Default: 2.
    pub at_once: usize,
    /// How long a claim is believed in without a word of its worker. Default: 60 seconds.
    pub lease: Duration,
    /// How long, after being asked to stop, the runs under way may go on; others may run then what is cut off. Default:
    /// 30 seconds.
    pub grace: Duration,
    /// What operators know this worker by. Default: `forebay`, with the process id.
    pub worker: String,
    /// What matters at least so much is kept of what runs say. Default: info.
    pub log_level: Level,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            at_once: 2,
            lease: Duration::from_mins(1),
            grace: Duration::from_secs(30),
            worker: format!("forebay {}", std::process::id()),
            log_level: Level::Info,
        }
    }
}

/// What became of something that was due.
#[derive(Debug)]
pub struct DueRun {
    /// The source.
    pub source: String,
    /// The scope, as text.
    pub scope: String,
    /// The time that it was run for.
    pub due_at: Timestamp,
    /// The run, if it came to one.
    pub run_id: Option<i64>,
    /// The source that answered in its place; None: it did itself, or none did.
    pub answered_by: Option<String>,
    /// How that ended.
    pub ended: DueEnd,
}

/// How something that was due ended.
#[derive(Debug)]
pub enum DueEnd {
    /// The run ended so.
    Ended {
        /// Its status.
        status: RunStatus,
        /// Why, as a stable word.
        reason_code: Option<String>,
    },
    /// It failed, or was refused by the source's breaker.
    Failed(Error),
    /// This process was asked to stop before it had ended.
    CutOff,
    /// Another worker took it over, because this one was silent for too long.
    Lost,
    /// This process cannot read the scope. Who can may run it when the claim has ended.
    Unknown,
}

/// What was done, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleReport {
    /// Runs that were due and ran.
    pub num_runs: u64,
    /// Those of them that failed.
    pub num_failed: u64,
    /// Those that a guard holds.
    pub num_held: u64,
    /// Those that a breaker refused.
    pub num_refused: u64,
}

impl ScheduleReport {
    fn add(&mut self, run: &DueRun) {
        match &run.ended {
            DueEnd::CutOff | DueEnd::Lost | DueEnd::Unknown => return,
            DueEnd::Failed(Error::Refused { .. }) => self.num_refused += 1,
            DueEnd::Failed(_) | DueEnd::Ended { status: RunStatus::Failed, .. } => self.num_failed += 1,
            DueEnd::Ended { status: RunStatus::Held, .. } => self.num_held += 1,
            DueEnd::Ended { .. } => {}
        }
        self.num_runs += 1;
    }
}

/// Makes the schedules in the database those of these sources, which are all of the configuration and are declared
/// already. Writes nothing where all is so; gives the names of the sources whose schedules changed.
pub async fn declare(database: &Database, sources: &Sources, now: Timestamp) -> Result<Vec<String>> {
    let client = database.client().await?;
    let known: BTreeSet<String> =
        schedules::list(&**client).await?.into_iter().map(|row| row.source_name).collect();
    let scheduled = sources.values().filter(|source| source.schedule.is_some()).map(|source| &source.name);
    let names: BTreeSet<&String> = known.iter().chain(scheduled).collect();
    let mut changed = Vec::new();
    for name in names {
        let Some(stored) = sources::find(&**client, name).await? else { continue };
        let source = sources.get(name);
        let schedule = source.and_then(|source| Some((source, source.schedule.as_ref()?)));
        let specs = schedule.map(|(source, schedule)| {
            let spec = |scope| ScheduleSpec { scope, schedule: schedule.clone(), enabled: source.enabled };
            source.declared_scopes().into_iter().map(spec).collect::<Vec<_>>()
        });
        if schedules::declare(&**client, &stored, &specs.unwrap_or_default(), now).await? > 0 {
            changed.push(name.clone());
        }
    }
    Ok(changed)
}

/// Runs what is due until `stop` is done, then lets what is under way finish within [`ScheduleOptions::grace`].
/// `progress` hears of each that ended. A database that cannot be reached is tried again.
pub async fn follow(
    scraper: &Scraper,
    options: &ScheduleOptions,
    progress: &(dyn Fn(&DueRun) + Sync),
    stop: impl Future<Output = ()>,
) -> ScheduleReport {
    let (cut_off, watching) = watch::channel(false);
    let mut report = ScheduleReport::default();
    let mut at_work = FuturesUnordered::new();
    let mut stop = pin!(stop.fuse());
    let mut ended = |run: DueRun| {
        report.add(&run);
        progress(&run);
    };
    loop {
        let looked = {
            let room = options.at_once.max(1).saturating_sub(at_work.len());
            let mut looking = pin!(look(scraper, options, room));
            loop {
                tokio::select! {
                    // What is being claimed at this very moment waits for its lease to end.
                    () = &mut stop => break None,
                    // Runs go on meanwhile: a look may wait for a connection that one of them has.
                    Some(run) = at_work.next(), if !at_work.is_empty() => ended(run),
                    looked = &mut looking => break Some(looked),
                }
            }
        };
        let Some(looked) = looked else { break };
        at_work.extend(looked.claimed.into_iter().map(|due| run(scraper, options, due, watching.clone())));
        let mut next_look = pin!(time::sleep(looked.wait));
        tokio::select! {
            () = &mut stop => break,
            // There is room for another one.
            Some(run) = at_work.next(), if !at_work.is_empty() => ended(run),
            () = &mut next_look => {}
        }
    }
    let mut deadline = pin!(time::sleep(options.grace));
    while !at_work.is_empty() {
        tokio::select! {
            Some(run) = at_work.next() => ended(run),
            () = &mut deadline, if !*cut_off.borrow() => drop(cut_off.send_replace(true)),
        }
    }
    report
}

/// Runs what is due at the moment of the call, and nothing twice.
pub async fn drain(
    scraper: &Scraper,
    options: &ScheduleOptions,
    progress: &(dyn Fn(&DueRun) + Sync),
) -> Result<ScheduleReport> {
    let (_cut_off, watching) = watch::channel(false);
    let due_by = Timestamp::now();
    let mut report = ScheduleReport::default();
    let mut at_work = FuturesUnordered::new();
    loop {
        let room = options.at_once.max(1).saturating_sub(at_work.len());
        let mut claiming = pin!(claim(scraper, options, due_by, room));
        let claimed = loop {
            tokio::select! {
                Some(run) = at_work.next(), if !at_work.is_empty() => {
                    report.add(&run);
                    progress(&run);
                }
                claimed = &mut claiming => break claimed?,
            }
        };
        let found_any = !claimed.is_empty();
        at_work.extend(claimed.into_iter().map(|due| run(scraper, options, due, watching.clone())));
        if found_any && at_work.len() < options.at_once.max(1) {
            continue;
        }
        let Some(run) = at_work.next().await else { return Ok(report) };
        report.add(&run);
        progress(&run);
    }
}

/// What a look at the schedules found.
struct Looked {
    claimed: Vec<Due>,
    /// When to look again, if no run ends before.
    wait: Duration,
}

async fn look(scraper: &Scraper, options: &ScheduleOptions, room: usize) -> Looked {
    // A database that is away is told by those who look for other work.
    let claimed = claim(scraper, options, Timestamp::now(), room).await.unwrap_or_default();
    let wait = match claimed.len() {
        number if number == room => LONGEST_WAIT,
        _ => until_next(scraper).await,
    };
    Looked { claimed, wait }
}

/// Claims what was due by a time, for a lease from now.
async fn claim(
    scraper: &Scraper,
    options: &ScheduleOptions,
    due_by: Timestamp,
    limit: usize,
) -> Result<Vec<Due>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let since = Duration::try_from(due_by.duration_until(Timestamp::now())).unwrap_or_default();
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let client = scraper.database.client().await?;
    let lease = since + options.lease;
    Ok(schedules::claim_due(&**client, due_by, lease, &options.worker, limit, &names(scraper)).await?)
}

/// The sources that this process can scrape: what else is due is for others.
fn names(scraper: &Scraper) -> Vec<&str> {
    scraper.sources.values().filter(|source| source.enabled).map(|source| source.name.as_str()).collect()
}

/// How long to wait for what is due next.
async fn until_next(scraper: &Scraper) -> Duration {
    let next = async {
        let client = scraper.database.client().await?;
        schedules::next_due_at(&**client, &names(scraper)).await
    };
    let Ok(next) = next.await else { return POLL };
    let Some(next) = next else { return LONGEST_WAIT };
    let wait = Timestamp::now().duration_until(next);
    // What is due already is in others' hands.
    if wait.is_positive() { wait.unsigned_abs().min(LONGEST_WAIT) } else { POLL }
}

/// Runs something that is due, and sets the time after.
async fn run(
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
                // If it cannot be given back, others wait until the lease has ended.
                let _given_back = schedules::extend(&**client, &due, Timestamp::now(), Duration::ZERO).await;
            }
            return ended(None, DueEnd::CutOff);
        }
    };
    let decisive = outcome.chain.into_decisive();
    if let Ok(false) = finish(scraper, &due, decisive.run_id).await {
        return ended(decisive.run_id, DueEnd::Lost);
    }
    let end = match decisive.result {
        Ok(report) => DueEnd::Ended { status: report.status, reason_code: report.reason_code },
        Err(error) => DueEnd::Failed(error),
    };
    let answered_by = Some(decisive.source).filter(|name| *name != source.name);
    DueRun { answered_by, ..ended(decisive.run_id, end) }
}

/// Extends the claim until it is not ours any more.
async fn until_lost(scraper: &Scraper, options: &ScheduleOptions, due: &Due) {
    loop {
        time::sleep(options.lease / 3).await;
        // A database that is away for a moment is no reason to give up.
        let Ok(client) = scraper.database.client().await else { continue };
        if let Ok(false) = schedules::extend(&**client, due, Timestamp::now(), options.lease).await {
            return;
        }
    }
}

/// Sets the time after. A database that is away is tried again for a while; then the lease ends, and it is run again.
async fn finish(scraper: &Scraper, due: &Due, run_id: Option<i64>) -> Result<bool> {
    let mut tries = 0;
    loop {
        let finished = async {
            let client = scraper.database.client().await?;
            schedules::finish(&**client, due, run_id, Timestamp::now()).await
        };
        match finished.await {
            Err(error) if error.is_unreachable() && tries < TRIES => {
                tries += 1;
                time::sleep(POLL).await;
            }
            finished => return Ok(finished?),
        }
    }
}
