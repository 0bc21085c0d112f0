//! `forebay handoffs show`: the hand-offs of one reference with their attempts.

use crate::cli::values;

/// Show the hand-offs of one reference, and what their attempts met
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs show courses/CSC-126
  forebay handoffs show courses/CSC-126 --pipeline search --output json")]
pub(crate) struct Args {
    /// The reference: `NAME/RECORD_KEY`, or its uuid
    #[arg(value_parser = values::name)]
    pub(crate) reference: String,

    /// Only of this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,
}
