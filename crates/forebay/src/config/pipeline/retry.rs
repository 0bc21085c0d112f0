//! `[pipelines.NAME.retry]`: how failed attempts are retried, by failure class.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cli::values::Duration;

/// Retries of one failure class. Missing values use the built-in policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "WrittenRetry")]
pub(crate) struct Retry {
    /// Number of failures after which a hand-off fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_failures: Option<u32>,
    /// Maximum wait after the first failure; doubles with each further one.
    #[serde(rename = "base_delay_seconds", skip_serializing_if = "Option::is_none")]
    base_delay: Option<Seconds>,
    /// Maximum wait.
    #[serde(rename = "max_delay_seconds", skip_serializing_if = "Option::is_none")]
    max_delay: Option<Seconds>,
}

/// A duration that is stored as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seconds(Duration);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.get().as_secs_f64())
    }
}

/// Retries of one failure class.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRetry {
    /// Number of failures after which a hand-off fails. Default: 10 for `transient`, 4 for `lost`, no limit for
    /// `throttled`.
    #[schemars(range(min = 1, max = 1_000_000))]
    max_failures: Option<u32>,
    /// Maximum wait after the first failure; doubles with each further one. Default: `5s` for `transient`, `30s` for
    /// `throttled`, `1s` for `lost`.
    base_delay: Option<Duration>,
    /// Maximum wait. Default: `1h` for `transient` and `throttled`, `1m` for `lost`.
    max_delay: Option<Duration>,
}

impl From<WrittenRetry> for Retry {
    fn from(WrittenRetry { max_failures, base_delay, max_delay }: WrittenRetry) -> Self {
        Self { max_failures, base_delay: base_delay.map(Seconds), max_delay: max_delay.map(Seconds) }
    }
}
