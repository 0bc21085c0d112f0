//! Trying again: how often, and after which wait.

use std::time::Duration;

use forebay_domain::handoff::FailureClass;

use super::{FetchError, FetchSettings};

/// The tries of one request so far.
#[derive(Debug, Default)]
pub(super) struct Retry {
    num_retries: u8,
}

impl Retry {
    /// How long to wait before the next try, or the error if there is none. `jitter` is a random number from 0 to 1:
    /// waits are spread evenly between nothing and a ceiling that doubles, so that what failed together does not come
    /// back together. A time that the host gave is not waited for here: the host is paused for everybody.
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
        let doublings = u32::from(self.num_retries.min(30));
        self.num_retries += 1;
        if error.retry_after().is_some() {
            return Ok(Duration::ZERO);
        }
        let ceiling = settings.backoff.get().saturating_mul(1 << doublings).min(settings.max_backoff.get());
        Ok(ceiling.mul_f64(jitter.clamp(0.0, 1.0)))
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
