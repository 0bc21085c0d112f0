//! `forebay pipelines disable`: disable a pipeline until it is enabled again.

use forebay_views::decide::pipelines::disable;

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
};

/// Disable a pipeline until it is enabled again
///
/// Workers leave it alone. It still gets hand-offs, which wait. To stop those as well, set `enabled = false` in
/// forebay.toml.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay pipelines disable hook")]
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
    context.report(async |database| disable(database, &args.pipeline, &by).await).await
}
