//! When to claim, and how many: what free slots can begin at once, and a little more where deliveries are quick.
//!
//! A claim that got all it asked for is followed by the next as soon as there is room. One that got less means that
//! nothing else is due or that limits stop it. The next claim then waits for a pause, for the supervisor to see
//! something due, or, under limits, for results to be reported.

use std::time::{Duration, Instant};

/// The wait after a claim that got less than it asked for; it doubles while nothing comes, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Hand-offs that wait longer in this worker should wait in the queue, for any worker.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much a worker does at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Deliveries at the same time.
    pub(super) slots: usize,
    /// Maximum number of hand-offs in one delivery.
    pub(super) group: usize,
    /// Maximum number of hand-offs that wait for a slot beyond those that free slots begin at once.
    pub(super) most_ahead: usize,
    /// Maximum number of hand-offs in one claim.
    pub(super) largest_claim: usize,
}

/// The pace of the claims.
pub(super) struct Pace {
    limits: Limits,
    /// How many hand-offs to hold that no slot has begun yet.
    num_ahead: usize,
    /// `None`: at once.
    next_at: Option<Instant>,
    pause: Duration,
    /// Whether the last claim got nothing.
    is_dry: bool,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, num_ahead: 0, next_at: None, pause: PAUSE, is_dry: false }
    }

    /// How many hand-offs to claim now: zero for none. `num_ready`: those that wait for a slot.
    pub(super) fn wanted(&self, now: Instant, num_free_slots: usize, num_ready: usize) -> usize {
        if self.next_at.is_some_and(|at| at > now) || num_ready > self.num_ahead / 2 {
            return 0;
        }
        let wanted = num_free_slots * self.limits.group + self.num_ahead;
        wanted.saturating_sub(num_ready).min(self.limits.largest_claim)
    }

    /// When a claim may be worth it again.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    /// Something may be due, so the next claim need not wait.
    pub(super) fn wake(&mut self) {
        self.next_at = None;
    }

    /// The next claim waits.
    pub(super) fn put_off(&mut self) {
        self.next_at = Some(Instant::now() + self.pause);
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
    }

    /// Notes how many a claim got, and whether slots had nothing to do meanwhile.
    pub(super) fn claimed(&mut self, number: usize, num_wanted: usize, were_idle: bool) {
        self.is_dry = number == 0;
        if number > 0 {
            self.pause = PAUSE;
        }
        if number < num_wanted {
            self.put_off();
            return;
        }
        self.next_at = None;
        if were_idle {
            self.num_ahead = (self.num_ahead * 2).max(self.limits.slots).min(self.limits.most_ahead);
        }
    }

    /// Notes how long a hand-off has waited for its slot.
    pub(super) fn waited(&mut self, time: Duration) {
        if time > PATIENCE {
            self.num_ahead = 0;
        }
    }

    /// Whether the last claim got nothing.
    pub(super) fn is_dry(&self) -> bool {
        self.is_dry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { slots: 8, group: 1, most_ahead: 64, largest_claim: 500 };

    #[test]
    fn slow_deliveries_claim_only_for_free_slots() {
        let (mut pace, now) = (Pace::new(LIMITS), Instant::now());
        assert_eq!(pace.wanted(now, 8, 0), 8);
        pace.claimed(8, 8, false);
        assert_eq!(pace.wanted(now, 0, 0), 0, "all slots run");
        assert_eq!(pace.wanted(now, 1, 0), 1);
    }

    #[test]
    fn quick_deliveries_claim_ahead_until_something_waits_too_long() {
        let (mut pace, now) = (Pace::new(LIMITS), Instant::now());
        (0..10).for_each(|_| pace.claimed(8, 8, true));
        assert_eq!(pace.wanted(now, 8, 0), 72);
        assert_eq!(pace.wanted(now, 0, 33), 0, "enough is ready");
        pace.waited(Duration::from_secs(2));
        assert_eq!(pace.wanted(now, 0, 0), 0);
    }

    #[test]
    fn nothing_due_is_asked_for_once_a_second_at_most() {
        let mut pace = Pace::new(LIMITS);
        pace.claimed(3, 8, false);
        for _ in 0..6 {
            pace.claimed(0, 8, true);
        }
        assert!(pace.is_dry());
        let now = Instant::now();
        assert_eq!(pace.wanted(now + Duration::from_millis(900), 8, 0), 0);
        assert_eq!(pace.wanted(now + LONGEST_PAUSE, 8, 0), 8);
        pace.wake();
        assert_eq!(pace.wanted(now, 8, 0), 8);
    }
}
