//! The cost of a failed attempt: the policy of each failure class, and the delay before the next attempt.
//!
//! A handler or worker reports the class of a failure; everything else follows from [`POLICIES`].

use jiff::SignedDuration;

use super::{transitions::Event, words::FailureClass};
use crate::backoff;

/// One row of [`POLICIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailurePolicy {
    /// The failure class.
    pub class: FailureClass,
    /// Number of failures of the class after which the hand-off fails; `None`: unlimited.
    pub max_failures: Option<u32>,
    /// Maximum delay after the first failure; it doubles with each further failure.
    pub base_delay: SignedDuration,
    /// Upper limit of the delay.
    pub max_delay: SignedDuration,
    /// Whether such a failure counts as an attempt (`num_attempts`). Lost leases are counted separately.
    pub uses_attempt: bool,
}

impl FailurePolicy {
    /// Whether another attempt may follow a failure of this class.
    pub fn retries(&self) -> bool {
        self.max_failures != Some(1)
    }
}

/// Failure class → policy.
pub const POLICIES: [FailurePolicy; 5] = [
    FailurePolicy {
        class: FailureClass::Transient,
        max_failures: Some(10),
        base_delay: SignedDuration::from_secs(5),
        max_delay: SignedDuration::from_hours(1),
        uses_attempt: true,
    },
    // The delays apply if the receiver gave no time.
    FailurePolicy {
        class: FailureClass::Throttled,
        max_failures: None,
        base_delay: SignedDuration::from_secs(30),
        max_delay: SignedDuration::from_hours(1),
        uses_attempt: false,
    },
    FailurePolicy {
        class: FailureClass::Permanent,
        max_failures: Some(1),
        base_delay: SignedDuration::ZERO,
        max_delay: SignedDuration::ZERO,
        uses_attempt: true,
    },
    FailurePolicy {
        class: FailureClass::Poison,
        max_failures: Some(1),
        base_delay: SignedDuration::ZERO,
        max_delay: SignedDuration::ZERO,
        uses_attempt: true,
    },
    FailurePolicy {
        class: FailureClass::Lost,
        max_failures: Some(4),
        base_delay: SignedDuration::from_secs(1),
        max_delay: SignedDuration::from_mins(1),
        uses_attempt: false,
    },
];

impl FailureClass {
    /// The row of [`POLICIES`] for this class.
    pub const fn policy(self) -> FailurePolicy {
        POLICIES[self as usize]
    }
}

/// The event for a failure of this class. `num_failures` is the number that the policy limits, including this failure,
/// since the hand-off was last opened: attempts used for `transient`, leases lost for `lost`.
pub fn failure_event(class: FailureClass, num_failures: u32) -> Event {
    let is_used_up = class.policy().max_failures.is_some_and(|max| num_failures >= max);
    match class {
        FailureClass::Transient if is_used_up => Event::AttemptsExhausted,
        FailureClass::Lost if is_used_up => Event::FailedWith(FailureClass::Poison),
        class => Event::FailedWith(class),
    }
}

/// The delay before the next attempt; `None` if there is none.
///
/// Exponential with full jitter ([`backoff::with_full_jitter`]), up to the policy's `max_delay`. `num_failures` is the
/// same as for [`failure_event`]; `jitter` is a random number from 0 to 1. If a `throttled` failure came with a time
/// from the receiver, use that time instead.
pub fn backoff(class: FailureClass, num_failures: u32, jitter: f64) -> Option<SignedDuration> {
    let policy = class.policy();
    if policy.max_failures.is_some_and(|max| num_failures >= max) {
        return None;
    }
    let (base, max) = (policy.base_delay.unsigned_abs(), policy.max_delay.unsigned_abs());
    let wait = backoff::with_full_jitter(base, max, num_failures, jitter);
    Some(SignedDuration::try_from(wait).unwrap_or(policy.max_delay))
}
