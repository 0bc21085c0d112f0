//! Whether a notification that failed is sent again, and when.
//!
//! The failure classes are those of hand-offs. Their limit is another one: a receiver that is down for a weekend still
//! gets everything, so temporary failures are retried for a time instead of a number of attempts.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{backoff, handoff::FailureClass};

/// The longest wait after the first failure; it doubles with each further one.
const BASE_DELAY: Duration = Duration::from_secs(5);
/// The longest wait between two attempts. A receiver that is back hears of an alert soon.
const MAX_DELAY: Duration = Duration::from_mins(5);
/// The longest wait that a receiver can ask for.
const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What happens after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// It is sent again after this wait.
    Retry(SignedDuration),
    /// It failed for good.
    GiveUp,
}

/// What happens after a failed attempt. `age` is how long ago the notification was made, `give_up_after` how old it may
/// become, `retry_after` the wait that the receiver asked for, and `jitter` a random number from 0 to 1.
pub fn after_failure(
    class: FailureClass,
    num_failures: u32,
    age: SignedDuration,
    give_up_after: SignedDuration,
    retry_after: Option<SignedDuration>,
    jitter: f64,
) -> AfterFailure {
    if matches!(class, FailureClass::Permanent | FailureClass::Poison) || age >= give_up_after {
        return AfterFailure::GiveUp;
    }
    let wait = backoff::with_full_jitter(BASE_DELAY, MAX_DELAY, num_failures, jitter);
    let wait = SignedDuration::try_from(wait).unwrap_or(MAX_RETRY_AFTER);
    let wait = match (class, retry_after) {
        (FailureClass::Throttled, Some(asked)) => asked.clamp(SignedDuration::ZERO, MAX_RETRY_AFTER),
        _ => wait,
    };
    AfterFailure::Retry(wait)
}

/// Whether a notification with this number of lost workers is given up: it may be what crashes them.
pub fn after_loss(num_lost: u32) -> bool {
    FailureClass::Lost.policy().max_failures.is_some_and(|max| num_lost >= max)
}
