//! `forebay db down`: takes migrations back.

/// Take back the latest migration, or all down to a version
///
/// What a migration created goes with all its data.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db down
  forebay db down --to 3
  forebay db down --to 0")]
pub(crate) struct Args {
    /// The version to end at; 0 removes the whole schema [default: one less than now]
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<u32>,
}
