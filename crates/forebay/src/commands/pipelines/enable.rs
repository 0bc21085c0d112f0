//! `forebay pipelines enable`: enable a pipeline again.

use forebay_views::decide::pipelines::enable;

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
};

/// Enable a pipeline again
///
/// Whether `forebay pipelines disable` or a failing endpoint disabled it: it is enabled, and failures of the endpoint
/// are counted from zero again. Waiting hand-offs are due as before. To retry those that have failed for good, run
/// `forebay handoffs retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay pipelines enable hook")]
pub(crate) struct Args {
    /// The pipeline
    #[arg(value_name = "PIPELINE", value_parser = values::name)]
    pipeline: String,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let by = args.why.actor();
    context.report(async |database| enable(database, &args.pipeline, &by).await).await
}
