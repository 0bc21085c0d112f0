//! Waiting for a condition. The time limit is only for hangs: no test expects the condition to hold that soon.

use std::time::{Duration, Instant};

/// How long to wait before a test counts as hanging.
const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(10);

/// Polls until `holds` returns true. Panics after a few minutes.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(POLL).await;
    }
}
