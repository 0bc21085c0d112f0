//! How many rejected records of a run are stored with their text.
//!
//! A hostile input rejects millions of records. The first ones explain the problem; the others are counted by reason.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use forebay_domain::reject::RejectReason;
use forebay_store::rejected::{self, Rejected};
use tokio_postgres::Transaction;

use crate::{error::Result, human::count};

/// How many rejected records of a run are stored by default.
pub const DEFAULT_MAX_REJECTED_KEPT: u64 = 10_000;

/// The rejected records of a run so far.
#[derive(Debug)]
pub(super) struct Rejects {
    max_kept: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    num_kept: u64,
    /// All of them, stored or not.
    by_reason: BTreeMap<RejectReason, u64>,
}

impl Rejects {
    pub(super) fn keeping(max_kept: u64) -> Self {
        Self { max_kept, state: Mutex::default() }
    }

    /// Counts rejected records, and drops those that are not to be stored. Call it once for each, in input order.
    pub(super) fn admit(&self, rejected: &mut Vec<Rejected>) {
        self.count(rejected);
    }

    /// Counts and stores records that turned out to be unusable while they were written.
    pub(super) async fn add(
        self: &Arc<Self>,
        transaction: &Transaction<'_>,
        run_id: i64,
        input: &str,
        mut rejected: Vec<Rejected>,
    ) -> Result<Attempted> {
        let added = self.count(&mut rejected);
        let attempted = Attempted { rejects: Arc::clone(self), added };
        rejected::add(transaction, run_id, input, &rejected).await?;
        Ok(attempted)
    }

    /// Counts rejected records, and drops those that are not to be stored.
    fn count(&self, rejected: &mut Vec<Rejected>) -> State {
        let mut added = State::default();
        if rejected.is_empty() {
            return added;
        }
        for one in &*rejected {
            *added.by_reason.entry(one.reject.reason).or_default() += 1;
        }
        let mut state = self.state();
        let room = usize::try_from(self.max_kept - state.num_kept).unwrap_or(usize::MAX);
        rejected.truncate(room);
        rejected.shrink_to_fit();
        added.num_kept = rejected.len() as u64;
        state.num_kept += added.num_kept;
        for (reason, number) in &added.by_reason {
            *state.by_reason.entry(*reason).or_default() += number;
        }
        added
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sentence about the records that are not stored, if there are any.
    pub(super) fn sentence(&self) -> Option<String> {
        let state = self.state();
        let total: u64 = state.by_reason.values().sum();
        (total > state.num_kept).then(|| {
            let reasons: Vec<String> = state
                .by_reason
                .iter()
                .filter(|(_, number)| **number > 0)
                .map(|(reason, number)| format!("{reason} {}", count(*number)))
                .collect();
            format!(
                "only the first {} of {} rejected records are stored with their text; by reason: {}",
                count(state.num_kept),
                count(total),
                reasons.join(", ")
            )
        })
    }
}

/// Rejections of an attempt to write. The next attempt rejects the same records again, so they count no longer if this
/// is dropped before [`Self::keep`].
#[derive(Debug)]
#[must_use = "call `keep` once they are committed"]
pub(super) struct Attempted {
    rejects: Arc<Rejects>,
    added: State,
}

impl Attempted {
    /// Keeps them, because they are committed.
    pub(super) fn keep(mut self) {
        self.added = State::default();
    }
}

impl Drop for Attempted {
    fn drop(&mut self) {
        let mut state = self.rejects.state();
        state.num_kept -= self.added.num_kept;
        for (reason, number) in &self.added.by_reason {
            *state.by_reason.entry(*reason).or_default() -= number;
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_domain::reject::{Place, Reject};

    use super::*;

    fn some(reason: RejectReason, number: u64) -> Vec<Rejected> {
        let one = |line| Rejected {
            url: None,
            place: Place { line, offset: 0 },
            reject: Reject::new(reason, "no"),
            raw: Vec::new(),
            raw_length: 0,
        };
        (1..=number).map(one).collect()
    }

    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let rejects = Rejects::keeping(3);
        let mut first = some(RejectReason::MissingKey, 2);
        rejects.admit(&mut first);
        assert_eq!((first.len(), rejects.sentence()), (2, None));
        let mut second = some(RejectReason::InvalidJson, 1200);
        rejects.admit(&mut second);
        assert_eq!(second.iter().map(|one| one.place.line).collect::<Vec<_>>(), [1]);
        rejects.admit(&mut some(RejectReason::MissingKey, 1));
        let sentence = rejects.sentence().unwrap();
        assert!(sentence.contains("the first 3 of 1,203"), "{sentence}");
        assert!(sentence.ends_with("by reason: invalid_json 1,200, missing_key 3"), "{sentence}");
    }
    #[test]
    fn an_attempt_that_is_not_kept_counts_nothing() {
        let rejects = Arc::new(Rejects::keeping(3));
        let attempt = |reason, number| {
            let mut rejected = some(reason, number);
            let added = rejects.count(&mut rejected);
            (rejected.len(), Attempted { rejects: Arc::clone(&rejects), added })
        };
        for _ in 0..2 {
            let (num_stored, attempted) = attempt(RejectReason::OlderThanStored, 5);
            assert_eq!(num_stored, 3, "the room of the last attempt is free again");
            drop(attempted);
        }
        assert_eq!(rejects.sentence(), None);
        attempt(RejectReason::Refused, 4).1.keep();
        let sentence = rejects.sentence().unwrap();
        assert!(sentence.contains("the first 3 of 4 ") && sentence.ends_with("refused 4"), "{sentence}");
    }
}
