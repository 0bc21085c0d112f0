//! Deadlocks and serialisation conflicts, for which the database ends one of the transactions.

use std::time::Duration;

use crate::error::Error;

/// Maximum attempts for a batch or claim that meets such a conflict.
pub(super) const MAX_ATTEMPTS: u32 = 5;

/// Whether the database ended a transaction because of a conflict, so a retry may succeed.
pub(super) fn is_conflict(error: &Error) -> bool {
    let Error::Store(error) = error else { return false };
    matches!(error.server().and_then(|server| server.sqlstate()), Some("40P01" | "40001"))
}

/// Waits before the next attempt. Each further wait is longer.
pub(super) async fn back_off(attempts: u32) {
    tokio::time::sleep(Duration::from_millis(10) * attempts).await;
}
