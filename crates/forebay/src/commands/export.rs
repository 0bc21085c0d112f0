//! `forebay export`: the references out again, as they came in.

use jiff::Timestamp;

use crate::cli::values;

/// Print the records of the active references, one JSON object a line
///
/// With --output json, one array holds them all.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay export --source courses > courses.jsonl
  forebay export --source courses --at 2026-01-12 | head
  forebay export | gzip > all.jsonl.gz")]
pub(crate) struct Args {
    /// Export this source only
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Export what was observed at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) at: Option<Timestamp>,
}
