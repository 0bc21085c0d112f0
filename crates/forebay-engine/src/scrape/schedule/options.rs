//! Options of a worker that runs due scopes.

use std::time::Duration;

use crate::{logs::Level, work::own_name};

/// Options of a worker that runs due scopes.
#[derive(Clone, Debug)]
pub struct ScheduleOptions {
    /// Maximum scrapes at the same time. Default: 2.
    pub at_once: usize,
    /// How long a claim lasts without an extension. Default: 60 seconds.
    pub lease: Duration,
    /// How long running scrapes may continue after a stop; the rest is released for other workers. Default: 30 seconds.
    pub grace: Duration,
    /// The name of this worker, for operators. Default: `HOST:PID:xxxxx`, as for
    /// [`WorkOptions`](crate::work::WorkOptions).
    pub worker: String,
    /// Minimum level of the log lines to store. Default: info.
    pub log_level: Level,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            at_once: 2,
            lease: Duration::from_mins(1),
            grace: Duration::from_secs(30),
            worker: own_name(),
            log_level: Level::Info,
        }
    }
}
