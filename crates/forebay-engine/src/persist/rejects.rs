//! How many rejected records of a run are stored with their text.
//!
//! A hostile input rejects millions of records. The first ones explain the problem; the others are counted by reason.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
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
        if rejected.is_empty() {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for one in &*rejected {
            *state.by_reason.entry(one.reject.reason).or_default() += 1;
        }
        let room = usize::try_from(self.max_kept - state.num_kept).unwrap_or(usize::MAX);
        rejected.truncate(room);
        rejected.shrink_to_fit();
        state.num_kept += rejected.len() as u64;
    }

    /// Counts and stores records that turned out to be unusable while they were written.
    pub(super) async fn add(
        &self,
        transaction: &Transaction<'_>,
        run_id: i64,
        input: &str,
        mut rejected: Vec<Rejected>,
    ) -> Result<()> {
        self.admit(&mut rejected);
        Ok(rejected::add(transaction, run_id, input, &rejected).await?)
    }

    /// A sentence about the records that are not stored, if there are any.
    pub(super) fn sentence(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let total: u64 = state.by_reason.values().sum();
        (total > state.num_kept).then(|| {
            let reasons: Vec<String> = state
                .by_reason
                .iter()
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

#[cfg(test)]
mod tests {
    use forebay_domain::reject::{Place, Reject};

    use super::*;

    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let rejects = Rejects::keeping(3);
        let some = |reason, number: u64| -> Vec<Rejected> {
            let one = |line| Rejected {
                url: None,
                place: Place { line, offset: 0 },
                reject: Reject::new(reason, "no"),
                raw: Vec::new(),
                raw_length: 0,
            };
            (1..=number).map(one).collect()
        };
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
}
