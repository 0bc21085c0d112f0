//! `forebay pipelines enable`: enable a pipeline again.

use forebay_engine::operate;

use super::change;
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
    change(&args.pipeline, context, async |database, pipeline| {
        if !pipeline.spec.enabled {
            let message = format!("the pipeline {} is disabled by its declaration", args.pipeline);
            return Err(Failure::usage("pipeline_declared_disabled", message)
                .hint("remove `enabled = false` from its table in forebay.toml, or declare it again, and apply the file"));
        }
        Ok(operate::enable(database, pipeline, &args.why.actor()).await?)
    })
    .await
}
