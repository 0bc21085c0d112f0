//! `forebay runs show`: one run in full.

use crate::cli::values;

/// Show one run: counts, coverage of each field, status and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = values::name)]
    pub(crate) run: String,
}
