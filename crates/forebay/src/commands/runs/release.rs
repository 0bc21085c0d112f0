//! `forebay runs release`: applies a run that a guard holds.

/// Apply a run that a guard holds
///
/// Its staged changes and removals are applied in one transaction, as if no guard had tripped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list --status held
  forebay runs release 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}
