//! `forebay db reset`: removes everything and migrates again.

/// Remove everything that Forebay stored, and create the schema anew
///
/// Touches nothing outside Forebay's own schemas. Asks first; where nobody can answer, --yes is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db reset
  forebay db reset --yes")]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
