//! The requests of a run to one host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The requests of a run to one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunHost {
    /// Its name.
    pub host: String,
    /// HTTP requests, including retries and redirects.
    pub num_requests: u64,
    /// Number of 304 (not modified) responses.
    pub num_not_modified: u64,
    /// The time between the first and the last request, in seconds.
    pub seconds: f64,
}

impl RunHost {
    /// The hosts of a run, as they are stored.
    pub fn of(stored: serde_json::Value) -> Vec<Self> {
        serde_json::from_value(stored).unwrap_or_default()
    }

    /// Requests per second; `None`: there was only one.
    pub fn pace(&self) -> Option<f64> {
        (self.num_requests > 1 && self.seconds > 0.0).then(|| (self.num_requests - 1) as f64 / self.seconds)
    }
}
