//! `forebay handoffs show`: one hand-off with its attempts.

use crate::cli::values;

/// Show one hand-off, and what its attempts met
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs show 1234")]
pub(crate) struct Args {
    /// The hand-off, by its id
    #[arg(value_parser = values::name)]
    pub(crate) handoff: String,
}
