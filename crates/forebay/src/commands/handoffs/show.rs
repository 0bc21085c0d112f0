//! `forebay handoffs show`: shows the hand-offs of one reference with their attempts.

use forebay_views::read;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Show the hand-offs of one reference and their attempts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs show courses/CSC-126
  forebay handoffs show courses/CSC-126 --pipeline search --output json")]
pub(crate) struct Args {
    /// Reference: `NAME/RECORD_KEY` or its UUID
    #[arg(value_parser = values::name)]
    pub(crate) reference: String,

    /// Only this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let client = database.client().await?;
            read::handoffs::of_reference(&client, &args.reference, args.pipeline.as_ref()).await
        })
        .await
}
