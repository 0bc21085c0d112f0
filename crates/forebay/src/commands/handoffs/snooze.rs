//! `forebay handoffs snooze`: delays waiting hand-offs.

use forebay_store::handoffs::Operation;
use jiff::Timestamp;

use super::select::Filters;
use crate::{
    cli::moment::future,
    context::Context,
    failure::{Exit, Failure},
};

/// Delay waiting hand-offs
///
/// A newer version of the reference isn't delayed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs snooze --pipeline search --not-before 2h
  forebay handoffs snooze --reason-code webhook_throttled --not-before 2026-03-01T06:00:00Z")]
pub(crate) struct Args {
    /// Delay until this time, or for this span (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = future)]
    not_before: Timestamp,

    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    args.filters.operate(Operation::Snooze { until: args.not_before }, context).await
}
