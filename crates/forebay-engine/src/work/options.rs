//! What to work on, and how.

use std::time::Duration;

/// What to work on, and how.
#[derive(Clone, Debug)]
pub struct WorkOptions {
    /// The pipelines to work for. Default: none named, which is all that are enabled.
    pub pipelines: Vec<String>,
    /// The most hand-offs that one transaction or claim holds. Default: 500.
    pub batch: u32,
    /// Batches of one pipeline in progress at the same time. Default: 1.
    pub concurrency: u32,
    /// After a request to stop, how long the batches in progress may continue; unfinished hand-offs are released then.
    /// Default: 30 seconds.
    pub grace: Duration,
    /// The name by which operators know this worker. Default: `forebay`, with the process id.
    pub worker: String,
    /// How often every reference is checked for missing hand-offs; None: never. Default: every hour.
    pub reconcile_every: Option<Duration>,
    /// How long superseded hand-offs, failed attempts, breaker history, run logs and known pages are kept; None: for
    /// ever. Default: 30 days.
    pub retention: Option<Duration>,
}

impl Default for WorkOptions {
    fn default() -> Self {
        Self {
            pipelines: Vec::new(),
            batch: 500,
            concurrency: 1,
            grace: Duration::from_secs(30),
            worker: format!("forebay {}", std::process::id()),
            reconcile_every: Some(Duration::from_hours(1)),
            retention: Some(Duration::from_hours(30 * 24)),
        }
    }
}

impl WorkOptions {
    /// The number of connections that [`follow`](super::follow) or [`drain`](super::drain) needs: one for each batch in
    /// progress, and seven for listening, looking for work, leases and maintenance.
    pub fn num_connections(&self) -> usize {
        7 + usize::try_from(self.concurrency.max(1)).unwrap_or(usize::MAX - 7)
    }
}
