//! The arguments of `forebay scrape`.

use std::path::PathBuf;

use clap::value_parser;
use jiff::Timestamp;

use crate::cli::values::{self, Duration, LogLevel, ScopePair, Share, Switch};

/// Scrape configured sources
///
/// Makes one run per source and scope. A failing source doesn't stop the others. Unchanged pages are not read again,
/// and unchanged records write nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay scrape
  forebay scrape courses events
  forebay scrape courses --scope 'semester=Spring 2026'
  forebay scrape courses --warc courses.warc.gz
  forebay scrape courses --from-warc courses.warc.gz --run-log-level debug")]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the command line")]
pub(crate) struct Args {
    /// Sources to scrape [default: all enabled sources]
    #[arg(value_name = "SOURCE", value_parser = values::name)]
    pub(crate) sources: Vec<String>,

    /// Scope to scrape; repeatable [default: every declared scope]
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) scope: Vec<ScopePair>,

    /// Number of sources to scrape in parallel
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u8).range(1..=32))]
    pub(crate) jobs: u8,

    /// Read pages from this WARC archive instead of the network
    #[arg(long, value_name = "FILE", conflicts_with = "warc")]
    pub(crate) from_warc: Option<PathBuf>,

    /// Append everything fetched to this WARC archive
    #[arg(long, value_name = "FILE")]
    pub(crate) warc: Option<PathBuf>,

    /// When the archive was recorded: 2019-04-14T14:55:01Z or 2019-04-14 [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time, requires = "from_warc")]
    pub(crate) observed_at: Option<Timestamp>,

    /// Read every page, even if the server reports it as unchanged
    #[arg(long)]
    pub(crate) read_everything: bool,

    /// Whether guards may hold a run [default: the source's]
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub(crate) guards: Option<Switch>,

    /// Maximum share of the scope that a run may remove, such as 0.2 or 20% [default: the source's]
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_removed: Option<Share>,

    /// How long to wait for another run of the same scope [default: 1h]
    #[arg(long, value_name = "DURATION")]
    pub(crate) wait: Option<Duration>,

    /// Stop reading after this time, such as 10m: the run is partial and keeps what it read [default: the source's, or
    /// no limit]
    #[arg(long, value_name = "DURATION")]
    pub(crate) max_duration: Option<Duration>,

    /// Don't hand off changes to ingestion
    #[arg(long)]
    pub(crate) no_handoff: bool,

    /// Scrape even if the breaker is open
    #[arg(long)]
    pub(crate) ignore_breaker: bool,

    /// Fetch everything, say what would be added, updated, removed and withheld, and write nothing
    #[arg(short = 'n', long, conflicts_with = "warc")]
    pub(crate) dry_run: bool,

    /// Minimum log level to store with each run; debug adds a line for each page
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
    pub(crate) run_log_level: LogLevel,
}
