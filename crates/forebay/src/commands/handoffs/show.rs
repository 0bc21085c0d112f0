//! `forebay handoffs show`: shows the hand-offs of one reference with their attempts.

use forebay_store::{
    handoffs::{self, HandoffFilter},
    pauses, workers,
};
use forebay_views::ReferenceHandoffs;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// Maximum number of hand-offs and attempts to show, newest first. Few references have as many.
const MOST_SHOWN: i64 = 1000;

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
            names::pipelines(&client, &args.pipeline).await?;
            let reference = names::reference(&client, &args.reference).await?;
            let reference_id = reference.reference_id;
            let filter = HandoffFilter {
                pipeline: args.pipeline.clone(),
                reference_id: Some(reference_id),
                limit: MOST_SHOWN,
                ..HandoffFilter::default()
            };
            let handoffs_of = handoffs::list(&**client, &filter).await?;
            let jobs = handoffs::jobs_of(&**client, reference_id).await?;
            let attempts = handoffs::attempts_of(&**client, reference_id, MOST_SHOWN).await?;
            let workers = workers::list(&**client, None).await?;
            let pauses = pauses::list(&**client, args.pipeline.as_deref()).await?;
            Ok(ReferenceHandoffs::new((&reference).into(), handoffs_of, &jobs, attempts, &workers, pauses))
        })
        .await
}
