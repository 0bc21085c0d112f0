//! `forebay db status`: which migrations are applied, and whether they drifted.

/// Show the database, its schema version and what is pending
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db status
  forebay db status --output json")]
pub(crate) struct Args {}
