//! `forebay handoffs cancel`: cancels waiting hand-offs, and attempts in progress.

use forebay_store::handoffs::Operation;

use super::select::Filters;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Cancel waiting hand-offs
///
/// Doesn't interrupt work that has started, unless you give --running. A newer version of the reference is still handed
/// off.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs cancel --pipeline search --source courses --dry-run
  forebay handoffs cancel --reference courses/CSC-126
  forebay handoffs cancel --pipeline hook --state active --running")]
pub(crate) struct Args {
    /// Also stop attempts in progress: drop the request, kill the command, tell external workers
    #[arg(long)]
    running: bool,

    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    args.filters.operate(Operation::Cancel { running: args.running }, context).await
}
