//! `forebay search`: full text search in what the documents handler ingested.

use crate::cli::values;

/// Search the ingested documents
///
/// Understands what search engines do: "quoted phrases", OR, and -word to leave out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay search organic chemistry
  forebay search '\"linear algebra\" -honors' --source courses
  forebay search painting --limit 3 --output json")]
pub(crate) struct Args {
    /// What to look for
    #[arg(required = true, value_name = "WORD")]
    pub(crate) words: Vec<String>,

    /// Search the documents of this source only
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Most documents to show
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}
