//! Fresh data for any number of callers, with at most one scrape.
//!
//! An answer comes from the cheapest place that has it: memory, then the ledger, and only then the source. Callers in
//! one process share one lookup (single flight). If several processes find a scope stale at the same time, one gets the
//! attempt in the ledger and the others wait for its outcome. All of them get that outcome, good or bad: a failed
//! source is not scraped again for each caller that waited.
//!
//! Only an applied run of the whole scope makes it fresh. After a run that failed, that a guard holds, or that could
//! not read everything, the last sync stays as it was, and its data is served until it is too old.
//!
//! The functions need a tokio runtime of either kind with time and I/O enabled, and their futures are `Send`.

mod answer;
mod gathered;
mod lookup;
mod no_source;
mod offline;
mod outage;
mod refresh;
mod shared;
mod single_flight;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use forebay_store::actions::Actor;
use moka::sync::Cache;
use tokio::sync::Semaphore;

use crate::{
    clock,
    error::Result,
    freshness::Policies,
    operate,
    scrape::{Scraper, Stop},
};

pub use self::answer::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Tried, Wanted};
pub use self::no_source::NO_SOURCE;
use self::{outage::Outage, shared::Shared, single_flight::SingleFlight};

/// How long an answer stays in memory.
const KEPT: Duration = Duration::from_mins(1);
/// Maximum number of answers kept in memory.
const MOST_KEPT: u64 = 100_000;
/// How long an attempt counts as alive without a heartbeat, by default.
const LEASE: Duration = Duration::from_mins(1);
/// Maximum number of scopes scraped at the same time.
const MOST_SCRAPES: usize = 4;

/// Connections that a process with one [`Gate`] needs for `ensure`: those of a scrape, and a few to read the ledger.
pub const NUM_CONNECTIONS: usize = 8;

/// The gate in front of the sources. Create one per process and share it; clones are cheap.
#[derive(Clone, Debug)]
pub struct Gate {
    shared: Arc<Shared>,
}

impl Gate {
    /// A gate in front of the scraper's sources. `policies` define the maximum age of data.
    pub fn new(scraper: Scraper, policies: impl Into<Policies>) -> Self {
        Self::with_lease(scraper, policies, LEASE)
    }

    /// A gate with another lease: a process that sends no heartbeat for that long loses its attempt to another one.
    pub fn with_lease(scraper: Scraper, policies: impl Into<Policies>, lease: Duration) -> Self {
        Self::made(scraper, policies.into(), lease, true, Stop::default())
    }

    /// A gate for a process that exits after one answer. Records scraped during an outage of the database are not kept,
    /// and the answer says so.
    ///
    /// When `stop` is set, the gate ends the work in progress: runs are closed as aborted, another process that waits
    /// for the same scope takes over, and the answer is the stored data with the error `interrupted`.
    pub fn for_one_answer(scraper: Scraper, policies: impl Into<Policies>, stop: Stop) -> Self {
        Self::made(scraper, policies.into(), LEASE, false, stop)
    }

    /// A gate for a process that answers until `stop` is set, which ends the work in progress, as with
    /// [`Self::for_one_answer`].
    pub fn until(scraper: Scraper, policies: impl Into<Policies>, stop: Stop) -> Self {
        Self::made(scraper, policies.into(), LEASE, true, stop)
    }

    fn made(scraper: Scraper, policies: Policies, lease: Duration, keeps_records: bool, stop: Stop) -> Self {
        // One tracker for both, so waiting for the scraper waits for the gate as well.
        let tasks = scraper.tasks.clone();
        let shared = Shared {
            scraper,
            policies,
            answers: Cache::builder().max_capacity(MOST_KEPT).time_to_live(KEPT).build(),
            single_flight: SingleFlight::default(),
            outage: Mutex::new(Outage::new(clock::now())),
            scrapes: Semaphore::new(MOST_SCRAPES),
            lease,
            stop,
            keeps_records,
            tasks,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The maximum age of data, by entity type.
    pub fn policies(&self) -> &Policies {
        &self.shared.policies
    }

    /// Refreshes the data if it is stale, and returns the state of the data. Never fails: the answer contains the
    /// error.
    ///
    /// The work continues if the caller stops waiting for it.
    pub async fn ensure(&self, wanted: &Wanted, options: EnsureOptions) -> Arc<Ensured> {
        if !options.force
            && let Some(answer) = self.from_memory(wanted)
        {
            return answer;
        }
        let look_up = || lookup::look_up(Arc::clone(&self.shared), wanted.clone(), options);
        self.shared.single_flight.join(&self.shared.tasks, wanted, options, look_up).await
    }

    /// The same for somebody whom the audit trail names if it comes to a scrape. If the database can't be reached,
    /// there is no trail, and the records are scraped all the same. Errors: others of the database.
    pub async fn ensure_by(
        &self,
        wanted: &Wanted,
        options: EnsureOptions,
        by: &Actor,
    ) -> Result<Arc<Ensured>> {
        let force = options.force;
        if options.read_only {
            return Ok(self.ensure(wanted, options).await);
        }
        if !force {
            let stored = self.ensure(wanted, EnsureOptions { read_only: true, ..options }).await;
            if stored.is_fresh {
                return Ok(stored);
            }
        }
        let Wanted { entity_type, scope } = wanted;
        match operate::request_scrape(&self.shared.scraper.database, entity_type, scope, force, by).await {
            Err(error) if !error.is_unreachable() => Err(error),
            _ => Ok(self.ensure(wanted, options).await),
        }
    }

    /// The answer in this process's memory, if the data is still fresh. Reads nothing from the database.
    pub fn from_memory(&self, wanted: &Wanted) -> Option<Arc<Ensured>> {
        let answer = self.shared.answers.get(wanted)?;
        answer.fresh_until.is_some_and(|until| clock::now() < until).then_some(answer)
    }

    /// Waits until all work of this gate has ended: lookups, refreshes whose callers already have the stale answer, and
    /// kept records that wait for the database. Call it before the process ends or the database closes.
    pub async fn finish(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        // All refreshes have ended, so the scraper starts no further task.
        self.shared.scraper.wait().await;
    }
}
