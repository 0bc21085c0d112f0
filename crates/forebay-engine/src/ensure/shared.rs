//! State that all lookups of one gate share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forebay_domain::freshness::{Freshness, Judgement};
use forebay_store::{freshness::LedgerEntry, references};
use jiff::Timestamp;
use moka::sync::Cache;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::{
    answer::{AnsweredFrom, EnsureError, Ensured, Wanted},
    outage::Outage,
    single_flight::SingleFlight,
};
use crate::{
    clock,
    freshness::{Answering, Policies},
    human,
    scrape::{Scraper, Stop},
};

/// State that all lookups of one gate share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) scraper: Scraper,
    pub(super) policies: Policies,
    pub(super) answers: Cache<Wanted, Arc<Ensured>>,
    pub(super) single_flight: SingleFlight,
    pub(super) outage: Mutex<Outage>,
    /// Limits the number of scopes scraped at the same time, because each needs pooled connections.
    pub(super) scrapes: Semaphore,
    /// How long an attempt counts as alive without a heartbeat.
    pub(super) lease: Duration,
    /// Stops the work in progress.
    pub(super) stop: Stop,
    /// Whether records scraped during an outage are kept until the database is back.
    pub(super) keeps_records: bool,
    /// Lookups, and work that continues after its caller got an answer.
    pub(super) tasks: TaskTracker,
}

impl Shared {
    pub(super) fn judge(&self, wanted: &Wanted, last_sync: Option<Timestamp>) -> Judgement {
        self.policies.judge(&wanted.entity_type, &wanted.scope, last_sync, clock::now())
    }

    /// The names of the sources that are scraped for a request.
    pub(super) fn sources_of(&self, wanted: &Wanted) -> Vec<String> {
        let answering = Answering::of(&self.scraper.sources, &wanted.entity_type, &wanted.scope);
        answering.sources.into_iter().map(|source| source.name.clone()).collect()
    }

    pub(super) fn outage(&self) -> MutexGuard<'_, Outage> {
        // Its fields are independent of each other, so a panic elsewhere leaves nothing to repair.
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an answer in memory if it may be reused: without what only the attempt of its caller met, such as the
    /// error of a forced scrape and how long to wait after it.
    pub(super) fn remember(&self, wanted: &Wanted, answer: &Ensured) {
        if answer.success && answer.is_fresh && !answer.is_partial && answer.fresh_until.is_some() {
            let again = Ensured {
                answered_from: AnsweredFrom::Memory,
                warnings: Vec::new(),
                error: None,
                tried: Vec::new(),
                ..answer.clone()
            };
            self.answers.insert(wanted.clone(), Arc::new(again));
        }
    }

    /// The entry with the number of references that are active in the scope now: other runs may have added and removed
    /// some since the sync, and other scopes may have taken some over. If they can't be counted, it stays as it is.
    pub(super) async fn with_active(&self, wanted: &Wanted, mut entry: LedgerEntry) -> LedgerEntry {
        let counted = async {
            let client = self.scraper.database.client().await?;
            references::count_in_scopes(&**client, &[(&wanted.entity_type, &wanted.scope.to_string())]).await
        };
        if let (Some(_), Ok(counts)) = (entry.last_sync, counted.await) {
            entry.num_records = counts.first().copied();
        }
        entry
    }

    /// The answer from the ledger alone.
    pub(super) fn answer(&self, wanted: &Wanted, entry: Option<&LedgerEntry>, from: AnsweredFrom) -> Ensured {
        let judged = self.judge(wanted, entry.and_then(|entry| entry.last_sync));
        let is_fresh = judged.freshness == Freshness::Fresh;
        Ensured {
            success: true,
            answered_from: from,
            last_sync: entry.and_then(|entry| entry.last_sync),
            is_fresh,
            is_partial: entry.is_some_and(|entry| entry.is_partial),
            warnings: Vec::new(),
            error: None,
            run_id: entry.and_then(|entry| entry.synced_run_id),
            num_records: entry.and_then(|entry| entry.num_records),
            answered_by: entry.and_then(|entry| entry.source_name.clone()),
            tried: Vec::new(),
            fresh_until: judged.fresh_until.filter(|_| is_fresh),
        }
    }

    /// The answer when refreshing failed: the stored data, while it may be served. It may still be fresh, because
    /// callers can force a refresh.
    pub(super) fn fall_back(
        &self,
        wanted: &Wanted,
        entry: Option<&LedgerEntry>,
        error: EnsureError,
    ) -> Ensured {
        let judged = self.judge(wanted, entry.and_then(|entry| entry.last_sync));
        let from =
            if judged.freshness == Freshness::Fresh { AnsweredFrom::Ledger } else { AnsweredFrom::Stale };
        let mut answer = self.answer(wanted, entry, from);
        if judged.freshness.may_serve_on_error() {
            let age = human::duration(judged.age.unwrap_or_default().unsigned_abs());
            answer.warnings.push(format!("the stored data is {age} old and could not be refreshed"));
        } else {
            answer.success = false;
            answer.answered_from = AnsweredFrom::None;
        }
        answer.error = Some(error);
        answer
    }
}
