//! `forebay handoffs snooze`: puts off what waits.

use forebay_store::handoffs::Operation;
use jiff::Timestamp;

use super::select::{self, Filters};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Put off hand-offs that wait
///
/// A newer version of the reference does not wait: it is handed off as usual.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs snooze --pipeline search --not-before 2h
  forebay handoffs snooze --reason-code webhook_throttled --not-before 2026-03-01T06:00:00Z")]
pub(crate) struct Args {
    /// Until when: a time, or a span from now (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = select::future)]
    not_before: Timestamp,

    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    args.filters.operate(Operation::Snooze { until: args.not_before }, context).await
}
