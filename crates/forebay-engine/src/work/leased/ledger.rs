//! Results in hand: what deliveries brought and the database doesn't know yet.
//!
//! A result is kept until the database has answered it, however long it cannot be reached: what was delivered once must
//! not be delivered again.

use std::time::{Duration, Instant};

use forebay_domain::{backoff, identity::ReferenceId};
use forebay_store::jobs::Receipt;

use crate::work::event::Outcome;

/// How long results are gathered before they are reported.
const GATHER: Duration = Duration::from_millis(50);
/// Maximum number of results in one report.
const LARGEST_REPORT: usize = 500;
/// With more results than this, nothing is claimed.
const MOST: usize = 10_000;
/// The wait after the first report that failed; it doubles with each further one, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(2);
/// The longest wait between two reports: still short against the lease.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How a claimed hand-off ended in this worker.
#[derive(Debug)]
pub(super) struct InHand {
    pub(super) reference_id: ReferenceId,
    pub(super) receipt: Receipt,
    /// `None`: it was not delivered, and goes back to the queue.
    pub(super) outcome: Option<Outcome>,
}

/// The results that are not reported yet.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    results: Vec<InHand>,
    /// Results in the report that is under way.
    num_reporting: usize,
    /// When the next report is due, if there is something to report.
    due_at: Option<Instant>,
    num_failures: u32,
    /// When the reports began to fail.
    failing_since: Option<Instant>,
}

impl Ledger {
    pub(super) fn add(&mut self, result: InHand) {
        self.due_at.get_or_insert_with(|| Instant::now() + GATHER);
        self.results.push(result);
    }

    /// The results to report now. `is_urgent`: nothing else is coming soon, or somebody waits for them.
    pub(super) fn take_due(&mut self, now: Instant, is_urgent: bool) -> Option<Vec<InHand>> {
        let is_full = self.results.len() >= LARGEST_REPORT;
        let may_hurry = self.num_failures == 0 && (is_urgent || is_full);
        if self.results.is_empty() || !(may_hurry || self.due_at.is_some_and(|at| at <= now)) {
            return None;
        }
        let taken: Vec<InHand> = self.results.drain(..self.results.len().min(LARGEST_REPORT)).collect();
        self.num_reporting = taken.len();
        self.due_at = None;
        Some(taken)
    }

    /// Ends the report that was under way. `left` are the results to report again: the database could not be asked, or
    /// other transactions have locked them. Returns how long reports have failed.
    pub(super) fn reported(&mut self, left: Vec<InHand>, has_failed: bool) -> Duration {
        self.num_reporting = 0;
        let now = Instant::now();
        let wait = if left.is_empty() || !has_failed {
            self.num_failures = 0;
            self.failing_since = None;
            GATHER
        } else {
            self.num_failures += 1;
            self.failing_since.get_or_insert(now);
            backoff::ceiling(PAUSE, LONGEST_PAUSE, self.num_failures)
        };
        self.results.splice(..0, left);
        self.due_at = (!self.results.is_empty()).then(|| now + wait);
        self.failing_since.map_or(Duration::ZERO, |since| now.duration_since(since))
    }

    /// When the next report is due.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Whether the last report has failed.
    pub(super) fn is_failing(&self) -> bool {
        self.num_failures > 0
    }

    pub(super) fn num_failures(&self) -> u32 {
        self.num_failures
    }

    /// Drops the results that could not be reported.
    pub(super) fn give_up(&mut self) {
        *self = Self::default();
    }

    /// Whether a result of this claim waits to be reported.
    pub(super) fn has(&self, receipt: Receipt) -> bool {
        self.results.iter().any(|result| result.receipt == receipt)
    }

    /// Whether everything is reported.
    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty() && self.num_reporting == 0
    }

    /// How many more results it takes.
    pub(super) fn room(&self) -> usize {
        MOST.saturating_sub(self.results.len() + self.num_reporting)
    }
}

#[cfg(test)]
mod tests {
    use forebay_domain::identity::ReferenceId;

    use super::*;

    fn result(key: usize) -> InHand {
        InHand {
            reference_id: ReferenceId::compute("s", &key.to_string()),
            receipt: Receipt([1; 16]),
            outcome: Some(Outcome::Done),
        }
    }

    #[test]
    fn results_are_gathered_briefly_and_kept_until_they_are_reported() {
        let mut ledger = Ledger::default();
        assert!(ledger.take_due(Instant::now(), true).is_none());
        (0..3).for_each(|key| ledger.add(result(key)));
        let now = Instant::now();
        assert!(ledger.take_due(now, false).is_none(), "others may come");
        assert_eq!(ledger.take_due(now + Duration::from_millis(200), false).unwrap().len(), 3);
        assert!(!ledger.is_empty(), "the report is under way");
        // The database is unreachable: urgency does not shorten the wait.
        ledger.reported((0..3).map(result).collect(), true);
        ledger.add(result(3));
        assert!(ledger.is_failing() && ledger.take_due(Instant::now(), true).is_none());
        let later = Instant::now() + LONGEST_PAUSE;
        assert_eq!(ledger.take_due(later, false).unwrap().len(), 4);
        ledger.reported(Vec::new(), false);
        assert!(ledger.is_empty() && !ledger.is_failing());
    }

    #[test]
    fn what_others_have_locked_is_reported_again_without_holding_anything_up() {
        let mut ledger = Ledger::default();
        ledger.add(result(0));
        let taken = ledger.take_due(Instant::now(), true).unwrap();
        ledger.reported(taken, false);
        assert!(!ledger.is_failing() && !ledger.is_empty());
        assert_eq!(ledger.take_due(Instant::now() + GATHER, false).unwrap().len(), 1);
    }

    #[test]
    fn what_is_in_hand_is_bounded() {
        let mut ledger = Ledger::default();
        (0..MOST).for_each(|key| ledger.add(result(key)));
        assert_eq!(ledger.room(), 0);
        let taken = ledger.take_due(Instant::now(), true).unwrap();
        assert_eq!((taken.len(), ledger.room()), (LARGEST_REPORT, 0), "what is being reported counts");
        ledger.reported(Vec::new(), false);
        assert_eq!(ledger.room(), LARGEST_REPORT);
    }
}
