//! `forebay handoffs retry`: hands off again.

use forebay_store::handoffs::{Operation, REPAIR_PRIORITY};

use super::select::Filters;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Retry failed, cancelled or waiting hand-offs now
///
/// Resets the failure count. Succeeded hand-offs are retried only with `--state succeeded` or `--reference`. A
/// hand-off that newer content has replaced is refused: retry the newer one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs retry --pipeline search --state failed --dry-run
  forebay handoffs retry --reason-code webhook_gone --since 3d
  forebay handoffs retry --reference courses/CSC-126 --priority 0")]
pub(crate) struct Args {
    #[command(flatten)]
    filters: Filters,

    /// Priority: lower runs first; regular changes have 0
    #[arg(long, value_name = "N", default_value_t = REPAIR_PRIORITY,
        value_parser = clap::value_parser!(i16).range(0..=100))]
    priority: i16,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    args.filters.operate(Operation::Retry { priority: args.priority }, context).await
}
