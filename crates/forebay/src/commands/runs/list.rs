//! `forebay runs list`: what ran lately.

use crate::cli::values;

/// The words of `scrape_runs.status`.
const STATES: [&str; 6] = ["running", "complete", "partial", "held", "failed", "aborted"];

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list
  forebay runs list --source courses --status held")]
pub(crate) struct Args {
    /// Only of this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only in this state
    #[arg(long, value_name = "STATUS", value_parser = STATES)]
    pub(crate) status: Option<String>,

    /// Most runs to show, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}
