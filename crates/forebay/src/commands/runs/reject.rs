//! `forebay runs reject`: drops a run that a guard holds.

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
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}
