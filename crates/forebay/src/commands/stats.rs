//! `forebay stats`: totals of what is stored.

use crate::cli::values;

/// Count references, versions, revisions, hand-offs and runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay stats
  forebay stats --source courses --output json")]
pub(crate) struct Args {
    /// Count this source only
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,
}
