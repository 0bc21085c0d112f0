//! `forebay sources list`: all sources with their totals.

/// List sources with their references and latest run
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources list")]
pub(crate) struct Args {}
