//! `forebay handoffs hold`: sets aside what waits.

use forebay_store::handoffs::Operation;

use super::select::Filters;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Set aside hand-offs that wait, until they are released
///
/// What a worker has already begun goes on. A newer version of the reference takes the place of a held one.
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
