//! `forebay db stop`: stops the private cluster.

/// Stop the private Postgres
///
/// Its data stays; the next command starts it again. Does nothing to a configured database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db stop")]
pub(crate) struct Args {}
