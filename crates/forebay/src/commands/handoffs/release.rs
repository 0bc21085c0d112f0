//! `forebay handoffs release`: releases held hand-offs.

use forebay_store::handoffs::Operation;

use super::select::Filters;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Release held hand-offs
///
/// Workers can claim them at once. Their attempts so far still count.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs release --pipeline search
  forebay handoffs release --reference courses/CSC-126")]
pub(crate) struct Args {
    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    args.filters.operate(Operation::Release, context).await
}
