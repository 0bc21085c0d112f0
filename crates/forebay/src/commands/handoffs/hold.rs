//! `forebay handoffs hold`: holds waiting hand-offs.

use forebay_store::handoffs::Operation;

use super::select::Filters;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Hold waiting hand-offs until they are released
///
/// Doesn't interrupt work that has started. A newer version of the reference replaces a held one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs hold --pipeline search --source courses
  forebay handoffs hold --reason-code webhook_unavailable")]
pub(crate) struct Args {
    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    args.filters.operate(Operation::Hold, context).await
}
