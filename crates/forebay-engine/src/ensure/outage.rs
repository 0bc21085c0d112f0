//! The state of this process while the database is unreachable.
//!
//! After a few failures in a row, a breaker in this process stops connection attempts for a while, so callers do not
//! wait for connections that cannot be made.

use std::collections::HashMap;

use forebay_domain::{
    breaker::{Answer, Breaker, BreakerPolicy, CallOutcome, Permit},
    freshness::Freshness,
};
use jiff::{SignedDuration, Timestamp};

use super::answer::{Ensured, Wanted};
use crate::{
    error::{Error, Result},
    freshness::Policies,
};

/// Maximum number of scopes whose records are kept until the database is back.
const MOST_KEPT: usize = 64;
/// How long sources that failed during an outage are not scraped again.
const LEFT_ALONE: SignedDuration = SignedDuration::from_secs(15);

/// When to stop trying to connect to the database.
fn policy() -> BreakerPolicy {
    BreakerPolicy {
        max_consecutive: Some(2),
        wait: SignedDuration::from_secs(5),
        max_wait: SignedDuration::from_secs(60),
        success_threshold: 1,
        ..BreakerPolicy::default()
    }
}

/// A sync that is not in the ledger yet.
#[derive(Clone, Debug)]
pub(super) struct LateSync {
    pub(super) synced_at: Timestamp,
    pub(super) run_id: Option<i64>,
    pub(super) num_records: i64,
    pub(super) answered_by: String,
}

/// The outage from this process's view.
#[derive(Debug)]
pub(super) struct Outage {
    breaker: Breaker,
    is_noticed: bool,
    late: HashMap<Wanted, LateSync>,
    /// Answers given without the database, with their times. Later callers get them too.
    answers: HashMap<Wanted, (Timestamp, Ensured)>,
    num_kept: usize,
}

impl Outage {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            breaker: Breaker::new(now),
            is_noticed: false,
            late: HashMap::new(),
            answers: HashMap::new(),
            num_kept: 0,
        }
    }

    /// Asks whether the database may be tried. Error: `database_left_alone`.
    pub(super) fn ask(&mut self, now: Timestamp) -> Result<Permit> {
        let (breaker, answer, _) = self.breaker.clone().ask(&policy(), now, [0; 16]);
        self.breaker = breaker;
        match answer {
            Answer::Permit(permit) => Ok(permit),
            Answer::Refused { retry_after, .. } => Err(Error::DatabaseLeftAlone {
                code: "database_left_alone",
                cause: "the database cannot be reached".to_owned(),
                retry_after: retry_after.unsigned_abs(),
            }),
        }
    }

    /// Records the outcome of an attempt.
    pub(super) fn record(&mut self, permit: Permit, is_reached: bool, now: Timestamp) {
        let outcome = if is_reached { CallOutcome::Success } else { CallOutcome::Transient };
        if is_reached && self.num_kept == 0 {
            self.answers.clear();
        }
        match (is_reached, self.is_noticed) {
            (false, false) => tracing::warn!("the database cannot be reached; answering without it"),
            (true, true) => tracing::info!("the database can be reached again"),
            _ => {}
        }
        self.is_noticed = !is_reached;
        self.breaker = self.breaker.clone().record(&policy(), permit, outcome, None, now, 0.0).0;
    }

    /// Remembers a sync until it can be written to the ledger.
    pub(super) fn add_late(&mut self, wanted: Wanted, late: LateSync) {
        self.late.insert(wanted, late);
    }

    /// The syncs to write to the ledger.
    pub(super) fn take_late(&mut self) -> Vec<(Wanted, LateSync)> {
        self.late.drain().collect()
    }

    /// The answer that an earlier caller got, if it is still valid.
    pub(super) fn answer(&self, wanted: &Wanted, policies: &Policies, now: Timestamp) -> Option<Ensured> {
        let (at, answer) = self.answers.get(wanted)?;
        let is_good = if answer.success {
            let judged = policies.judge(&wanted.entity_type, &wanted.scope, Some(*at), now);
            judged.freshness == Freshness::Fresh
        } else {
            at.duration_until(now) < LEFT_ALONE
        };
        is_good.then(|| Ensured { answered_from: answer.answered_from.again(), ..answer.clone() })
    }

    /// Remembers an answer for the next callers.
    pub(super) fn remember(&mut self, wanted: Wanted, at: Timestamp, answer: Ensured) {
        self.answers.insert(wanted, (at, answer));
    }

    /// Reserves a place for the records of one more scope until the database is back; false if there is none left.
    pub(super) fn reserve(&mut self) -> bool {
        let has_room = self.num_kept < MOST_KEPT;
        self.num_kept += usize::from(has_room);
        has_room
    }

    /// Frees a place reserved by [`Self::reserve`].
    pub(super) fn release(&mut self) {
        self.num_kept = self.num_kept.saturating_sub(1);
    }
}
