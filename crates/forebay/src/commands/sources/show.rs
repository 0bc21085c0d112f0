//! `forebay sources show`: one source and its policy.

use crate::cli::values;

/// Show one source: key, policy, scopes and latest runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources show courses")]
pub(crate) struct Args {
    /// The source
    #[arg(value_name = "NAME", value_parser = values::name)]
    pub(crate) source: String,
}
