//! `forebay handoffs counts`: counts hand-offs by state.

use forebay_views::read;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Count hand-offs by pipeline and state
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs counts
  forebay handoffs counts --pipeline search --output json")]
pub(crate) struct Args {
    /// Only this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            read::handoffs::counts(&database.client().await?, args.pipeline.as_ref()).await
        })
        .await
}
