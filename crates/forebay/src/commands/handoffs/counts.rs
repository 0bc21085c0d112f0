//! `forebay handoffs counts`: how many hand-offs are in which state.

use crate::cli::values;

/// Count hand-offs by pipeline and state
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs counts
  forebay handoffs counts --pipeline search --output json")]
pub(crate) struct Args {
    /// Only of this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,
}
