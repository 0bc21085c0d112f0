//! `forebay runs show`: one run in full.

/// Show one run: counts, coverage of each field, status and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs show 42")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) run: i64,
}
