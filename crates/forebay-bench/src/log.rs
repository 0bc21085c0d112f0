//! Log lines on standard error: the `tracing` events of the engine. By default there are none, because writing them
//! costs time that is measured.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Starts logging what `filter` permits: a level, or directives such as `info,forebay_engine=debug`.
pub(crate) fn start(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::usage("bad_log_level", format!("{filter:?} is not a log level: {error}"))
    })?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).init();
    Ok(())
}
