//! `forebay bench persist`: first load, replay and change against a raw COPY.

/// Measure persisting against a raw COPY of the same rows
///
/// Shows rates, and their ratios against the budgets. Uses a database of its own that is dropped afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay bench persist
  forebay bench persist --rows 300000 --output json")]
pub(crate) struct Args {
    /// How many made-up records to use
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,
}
