//! Decides about retries: how many, and how long to wait before each.

use std::time::Duration;

use forebay_domain::{backoff, handoff::FailureClass};
use tracing::debug;

use super::{error::FetchError, settings::FetchSettings};

/// The retries of one request so far.
#[derive(Debug, Default)]
pub(super) struct Retry {
    num_retries: u8,
}

impl Retry {
    /// How long to wait before the next retry, or the error if there is none. `jitter` is a random number from 0 to 1.
    /// Waits are evenly distributed between zero and a ceiling that doubles, so that requests that failed together
    /// don't retry together. A `Retry-After` isn't waited for here, because it pauses the host for all requests.
    pub(super) fn next_wait(
        &mut self,
        error: FetchError,
        settings: &FetchSettings,
        jitter: f64,
    ) -> Result<Duration, FetchError> {
        let is_retryable = match error.class() {
            // The fetch of robots.txt was already retried.
            FailureClass::Transient => !matches!(error, FetchError::RobotsUnreachable { .. }),
            FailureClass::Throttled => {
                error.retry_after().is_none_or(|time| time <= settings.max_retry_after.get())
            }
            FailureClass::Permanent | FailureClass::Poison | FailureClass::Lost => false,
        };
        if !is_retryable {
            return Err(error);
        }
        if self.num_retries >= settings.retries {
            // Callers report the error.
            debug!(code = error.code(), num_retries = self.num_retries, "giving up: {error}");
            return Err(error);
        }
        self.num_retries += 1;
        let (base, max) = (settings.backoff.get(), settings.max_backoff.get());
        let wait = match error.retry_after() {
            Some(_) => Duration::ZERO,
            None => backoff::with_full_jitter(base, max, self.num_retries.into(), jitter),
        };
        debug!(
            code = error.code(),
            retry = self.num_retries,
            wait_ms = wait.as_secs_f64() * 1e3,
            "retrying: {error}"
        );
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout() -> FetchError {
        FetchError::Timeout { url: "x".to_owned() }
    }

    #[test]
    fn waits_double_up_to_the_maximum_and_then_stop() {
        let settings = FetchSettings { retries: 9, ..FetchSettings::default() };
        let mut retry = Retry::default();
        let waits: Vec<u64> =
            (0..9).map(|_| retry.next_wait(timeout(), &settings, 1.0).unwrap().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!(retry.next_wait(timeout(), &settings, 1.0).is_err());
        assert_eq!(
            Retry::default().next_wait(timeout(), &settings, 0.5).unwrap(),
            Duration::from_millis(500)
        );
    }

    #[test]
    fn permanent_failures_are_not_retried() {
        let settings = FetchSettings::default();
        for error in [
            FetchError::HttpStatus { url: String::new(), status: 404 },
            FetchError::HttpStatus { url: String::new(), status: 501 },
            FetchError::RobotsDisallowed { url: String::new() },
            FetchError::RobotsUnreachable { origin: String::new(), problem: String::new() },
            FetchError::Throttled { url: String::new(), retry_after: Some(Duration::from_hours(1)) },
        ] {
            assert!(Retry::default().next_wait(error, &settings, 0.0).is_err());
        }
        let soon = FetchError::Throttled { url: String::new(), retry_after: Some(Duration::from_secs(7)) };
        assert_eq!(Retry::default().next_wait(soon, &settings, 1.0).unwrap(), Duration::ZERO);
    }
}
