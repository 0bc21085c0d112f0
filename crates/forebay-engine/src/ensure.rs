//! Asking for fresh data: whoever asks gets it, and its source is scraped at most once, however many ask.
//!
//! An answer is looked for where it is cheapest: in memory, in the ledger, and only then at the source. Callers in one
//! process share one look (single flight); of all processes that find a scope stale at the same moment one gets the
//! attempt in the ledger, and the others wait for what comes of it. Everybody gets its outcome, good or bad: a source
//! that is down is not asked again by each who waited.
//!
//! Only a run of the whole scope that was applied makes it fresh. What failed, was held by a guard, or could not read
//! everything leaves the last sync as it was, and while that is not too old, it is served.

mod outage;
mod refresh;
mod single_flight;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use forebay_domain::{
    freshness::{Freshness, Judgement},
    scope::Scope,
};
use forebay_store::freshness::LedgerEntry;
use jiff::Timestamp;
use moka::sync::Cache;
use serde::Serialize;
use tokio::sync::Semaphore;

use self::{outage::Away, single_flight::SingleFlight};
use crate::{
    error::Error,
    freshness::Policies,
    scrape::{Scraper, Stop},
};

/// How long an answer is kept in memory.
const KEPT: Duration = Duration::from_mins(1);
/// How long an attempt is believed to be alive without a word, unless told otherwise.
const LEASE: Duration = Duration::from_mins(1);
/// The most scopes that are scraped at the same time.
const MOST_SCRAPES: usize = 4;
/// The most answers that are.
const MOST_KEPT: u64 = 100_000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The entity type.
    pub entity_type: String,
    /// The part of it.
    pub scope: Scope,
}

/// How it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnsureOptions {
    /// Scrape even if what is stored is fresh.
    pub force: bool,
    /// Never scrape: tell what is stored, and how old it is.
    pub read_only: bool,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredFrom {
    /// This process knew it.
    Memory,
    /// The ledger says that what is stored is fresh.
    Ledger,
    /// It was scraped for this.
    Scrape,
    /// What is stored is not fresh any more, but may still be served.
    Stale,
    /// There is nothing to serve.
    None,
}

impl AnsweredFrom {
    /// Where the same answer comes from when it is given again.
    const fn again(self) -> Self {
        match self {
            Self::Scrape | Self::Ledger => Self::Memory,
            same => same,
        }
    }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ensured {
    /// There is data to work with.
    pub success: bool,
    /// Where the answer comes from.
    pub source: AnsweredFrom,
    /// When the whole scope was last synced.
    pub last_sync: Option<Timestamp>,
    /// It is within its time to live.
    pub is_fresh: bool,
    /// Only a part of the scope could be brought up to date.
    pub is_partial: bool,
    /// What to know although there is data: sources that failed, that it is stale, that it is not stored yet.
    pub warnings: Vec<String>,
    /// Why it could not be brought up to date.
    pub error: Option<EnsureError>,
    /// The last run.
    pub run_id: Option<i64>,
    /// Records that the last sync of the whole scope found.
    pub num_records: Option<i64>,
    /// The source that answered.
    pub answered_by: Option<String>,
    /// The sources that were tried, in order, and what came of each.
    pub tried: Vec<Tried>,
    /// Until when it is fresh; not shown.
    #[serde(skip)]
    fresh_until: Option<Timestamp>,
}

/// Why data could not be brought up to date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnsureError {
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Asking sooner is in vain, in seconds.
    pub retry_after_seconds: Option<u64>,
}

/// A source that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The source.
    pub source: String,
    /// Its run, if it came to one.
    pub run_id: Option<i64>,
    /// How it ended: a run's status, or `refused` or `error`.
    pub status: String,
    /// Why, as a stable word.
    pub reason_code: Option<String>,
}

/// The gate in front of the sources; one for the process, shared by all who ask.
#[derive(Clone, Debug)]
pub struct Gate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    scraper: Scraper,
    policies: Policies,
    answers: Cache<Wanted, Arc<Ensured>>,
    flights: SingleFlight,
    /// What happens while the database is away.
    away: Mutex<Away>,
    /// How many scopes may be scraped at the same time: each needs connections of the pool.
    scrapes: Semaphore,
    /// How long an attempt is believed to be alive without a word.
    lease: Duration,
    /// Ends what is under way.
    stop: Stop,
    /// What is scraped without a database is kept until it is back.
    keeps: bool,
}

impl Gate {
    /// A gate in front of the scraper's sources. `policies` say how old data may become.
    pub fn new(scraper: Scraper, policies: impl Into<Policies>) -> Self {
        Self::with_lease(scraper, policies, LEASE)
    }

    /// The same with another lease: after so long without a word a process that scrapes is taken for dead.
    pub fn with_lease(scraper: Scraper, policies: impl Into<Policies>, lease: Duration) -> Self {
        Self::made(scraper, policies.into(), lease, true, Stop::default())
    }

    /// A gate of a process that ends with its answer: what it scrapes while the database is away cannot wait for that to
    /// come back, and the answer says that it is not stored.
    ///
    /// Asked to stop, it ends what is under way before its time: runs are closed as aborted, who waits elsewhere for the
    /// same goes on in its place, and the answer is what is stored with the error `interrupted`.
    pub fn for_one_answer(scraper: Scraper, policies: impl Into<Policies>, stop: Stop) -> Self {
        Self::made(scraper, policies.into(), LEASE, false, stop)
    }

    fn made(scraper: Scraper, policies: Policies, lease: Duration, keeps: bool, stop: Stop) -> Self {
        let answers = Cache::builder().max_capacity(MOST_KEPT).time_to_live(KEPT).build();
        let shared = Shared {
            scraper,
            policies,
            answers,
            flights: SingleFlight::default(),
            away: Mutex::new(Away::new(Timestamp::now())),
            scrapes: Semaphore::new(MOST_SCRAPES),
            lease,
            stop,
            keeps,
        };
        Self { shared: Arc::new(shared) }
    }

    /// How old data may become.
    pub fn policies(&self) -> &Policies {
        &self.shared.policies
    }

    /// Makes sure that there is fresh data, and tells what there is. Never fails: why there is none is in the answer.
    ///
    /// The work goes on when the caller does not wait for it any more.
    pub async fn ensure(&self, wanted: &Wanted, options: EnsureOptions) -> Arc<Ensured> {
        if !options.force
            && let Some(answer) = self.from_memory(wanted)
        {
            return answer;
        }
        self.shared.flights.join(&self.shared, wanted, options).await
    }

    /// What this process knows to be fresh, without asking anybody.
    pub fn from_memory(&self, wanted: &Wanted) -> Option<Arc<Ensured>> {
        let answer = self.shared.answers.get(wanted)?;
        answer.fresh_until.is_some_and(|until| Timestamp::now() < until).then_some(answer)
    }
}

impl Shared {
    fn judge(&self, wanted: &Wanted, last_sync: Option<Timestamp>) -> Judgement {
        self.policies.judge(&wanted.entity_type, &wanted.scope, last_sync, Timestamp::now())
    }

    /// Remembers an answer, if it is one that may be given again.
    fn remember(&self, wanted: &Wanted, answer: &Ensured) {
        if answer.success && answer.is_fresh && !answer.is_partial && answer.fresh_until.is_some() {
            let again = Ensured { source: AnsweredFrom::Memory, ..answer.clone() };
            self.answers.insert(wanted.clone(), Arc::new(again));
        }
    }

    /// The answer that the ledger gives by itself.
    fn answer(&self, wanted: &Wanted, entry: Option<&LedgerEntry>, from: AnsweredFrom) -> Ensured {
        let judged = self.judge(wanted, entry.and_then(|entry| entry.last_sync));
        let is_fresh = judged.freshness == Freshness::Fresh;
        Ensured {
            success: true,
            source: from,
            last_sync: entry.and_then(|entry| entry.last_sync),
            is_fresh,
            is_partial: entry.is_some_and(|entry| entry.is_partial),
            warnings: Vec::new(),
            error: None,
            run_id: entry.and_then(|entry| entry.run_id),
            num_records: entry.and_then(|entry| entry.num_records),
            answered_by: entry.and_then(|entry| entry.source_name.clone()),
            tried: Vec::new(),
            fresh_until: judged.fresh_until.filter(|_| is_fresh),
        }
    }

    /// The answer when data could not be brought up to date: what is stored, while it may be served.
    fn fall_back(&self, wanted: &Wanted, entry: Option<&LedgerEntry>, error: EnsureError) -> Ensured {
        let judged = self.judge(wanted, entry.and_then(|entry| entry.last_sync));
        let mut answer = self.answer(wanted, entry, AnsweredFrom::Stale);
        if judged.freshness.may_serve_on_error() {
            let age = judged.age.map_or(0, |age| age.as_secs());
            answer
                .warnings
                .push(format!("what is stored is {age} s old and could not be brought up to date"));
        } else {
            answer.success = false;
            answer.source = AnsweredFrom::None;
        }
        answer.error = Some(error);
        answer
    }
}

impl From<&Error> for EnsureError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            hint: error.hint(),
            retry_after_seconds: error.retry_after().map(|wait| wait.as_secs().max(1)),
        }
    }
}
