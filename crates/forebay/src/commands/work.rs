//! `forebay work`: the ingestion workers.

use crate::cli::values;

/// Ingest what has been handed off
///
/// Works until it is stopped; Ctrl-C lets the work under way finish.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay work
  forebay work --drain
  forebay work --pipeline search --pipeline course_table")]
pub(crate) struct Args {
    /// Stop when nothing is left to do
    #[arg(long)]
    pub(crate) drain: bool,

    /// Work for this pipeline only; may be repeated [default: all of forebay.toml]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Vec<String>,
}
