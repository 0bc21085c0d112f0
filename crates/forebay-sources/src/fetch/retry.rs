//! Retries: how many, and how long to wait before each.

use std::time::Duration;

use forebay_domain::{backoff, handoff::FailureClass};

use super::{FetchError, FetchSettings};

/// The retries of one request so far.
#[derive(Debug, Default)]
pub(super) struct Retry {
    num_retries: u8,
}

impl Retry {
    /// How long to wait before the next retry, or the error if there is none left. `jitter` is a random number from 0
    /// to 1. A wait that the host asked for is not included: the host is paused for all requests.
    pub(super) fn next_wait(
        &mut self,
        error: FetchError,
        settings: &FetchSettings,
        jitter: f64,
    ) -> Result<Duration, FetchError> {
        let may_pass = match error.class() {
            // Its own tries were made before it was given up.
            FailureClass::Transient => !matches!(error, FetchError::RobotsUnreachable { .. }),
            FailureClass::Throttled => {
                error.retry_after().is_none_or(|time| time <= settings.max_retry_after.get())
            }
            FailureClass::Permanent | FailureClass::Poison | FailureClass::Lost => false,
        };
        if !may_pass || self.num_retries >= settings.retries {
            return Err(error);
        }
        self.num_retries += 1;
        if error.retry_after().is_some() {
            return Ok(Duration::ZERO);
        }
        let (base, max) = (settings.backoff.get(), settings.max_backoff.get());
        Ok(backoff::with_full_jitter(base, max, self.num_retries.into(), jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout() -> FetchError {
        FetchError::Timeout { url: "x".to_owned() }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
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
    fn what_cannot_pass_is_not_tried_again() {
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
