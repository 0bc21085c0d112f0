//! Deadlocks and serialisation conflicts, for which the database ends one of the transactions.

use std::time::Duration;

use forebay_domain::backoff;

use crate::error::Error;

/// Maximum attempts for a batch or claim that meets such a conflict.
pub(super) const MAX_ATTEMPTS: u32 = 5;
/// The wait after the first conflict; it doubles with each further one, up to [`LONGEST_WAIT`].
const WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Whether the database ended a transaction because of a conflict, so a retry may succeed.
pub(super) fn is_conflict(error: &Error) -> bool {
    let Error::Store(error) = error else { return false };
    matches!(error.server().and_then(|server| server.sqlstate()), Some("40P01" | "40001"))
}

/// Waits before the next attempt.
pub(super) async fn back_off(num_conflicts: u32) {
    tokio::time::sleep(backoff::ceiling(WAIT, LONGEST_WAIT, num_conflicts)).await;
}
