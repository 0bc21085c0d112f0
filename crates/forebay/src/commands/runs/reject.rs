//! `forebay runs reject`: drops a run that a guard holds.

use crate::cli::values;

/// Drop a run that a guard holds
///
/// Its staged changes are discarded; what is stored stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list --status held
  forebay runs reject 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = values::name)]
    pub(crate) run: String,
}
