//! `forebay history`: the versions of one reference, and what it was at a time.

use jiff::Timestamp;

use crate::cli::values;

/// Show every change of a reference, or what it was at a time
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay history courses/CSC-126
  forebay history courses/CSC-126 --at 2026-01-12
  forebay history 1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20 --output json")]
pub(crate) struct Args {
    /// The reference: `NAME/RECORD_KEY`, or its uuid
    #[arg(value_parser = values::name)]
    pub(crate) reference: String,

    /// Show the record as it was observed at this time
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) at: Option<Timestamp>,
}
