//! Limits of statements, as parameters with which a connection is opened.
//!
//! They are no session state: behind a transaction-mode pooler the server's connections belong to the pooler. One that
//! does not know these parameters, such as PgBouncer, refuses the connection; then the limits of the role apply.

use std::time::Duration;

use tokio_postgres::Config;

use crate::error::Error;

/// How long a statement may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long to wait for each lock; zero: no limit. Default: 10 seconds.
    pub lock_timeout: Duration,
    /// How long a statement may run, waits for locks included; zero: no limit. Default: 1 minute.
    pub statement_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lock_timeout: Duration::from_secs(10), statement_timeout: Duration::from_mins(1) }
    }
}

impl Limits {
    /// Adds them to the settings of a connection. Options of its URL win.
    pub(super) fn add_to(self, config: &mut Config) {
        // Zero milliseconds would mean no limit.
        let milliseconds = |limit: Duration| limit.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128);
        let (lock, statement) = (milliseconds(self.lock_timeout), milliseconds(self.statement_timeout));
        let own = format!("-c lock_timeout={lock} -c statement_timeout={statement}");
        let options = match config.get_options() {
            Some(given) => format!("{own} {given}"),
            None => own,
        };
        config.options(options);
    }
}

/// Whether a pooler refused a connection because of a parameter.
pub(super) fn is_refused(error: &Error) -> bool {
    matches!(error, Error::Unreachable { source, .. } if source.sqlstate() == Some("08P01"))
}
