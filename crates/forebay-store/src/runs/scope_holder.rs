//! The holder of a scope, for messages.

use std::fmt;

use jiff::Timestamp;

/// The holder of a scope, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeHolder {
    /// Its run, and when that started; `None`: an operator's decision, or a run that is about to start.
    pub run: Option<(i64, Timestamp)>,
    /// Its process: `forebay 4711 on build-7`.
    pub process: Option<String>,
    /// The server's process for its session, for `pg_terminate_backend`; `None`: it connects through a pooler.
    pub backend: Option<i32>,
}

impl fmt::Display for ScopeHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.run {
            Some((run_id, started_at)) => write!(f, "run {run_id}, which started at {started_at:.0}")?,
            None => f.write_str("another process")?,
        }
        if let Some(process) = &self.process {
            write!(f, ", of the process {process}")?;
        }
        match self.backend {
            Some(backend) => write!(f, " (server process {backend})"),
            None => Ok(()),
        }
    }
}
