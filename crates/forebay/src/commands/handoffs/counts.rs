//! `forebay handoffs counts`: counts hand-offs by state.

use forebay_engine::clock;
use forebay_store::{handoffs, pauses};
use forebay_views::{HandoffCount, Page};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
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
    let (counts, pauses) = context
        .with_database(async |database| {
            let client = database.client().await?;
            names::pipelines(&client, &args.pipeline).await?;
            let pipeline = args.pipeline.as_deref();
            Ok((handoffs::counts(&**client, pipeline).await?, pauses::list(&**client, pipeline).await?))
        })
        .await?;
    let now = clock::now();
    let items: Vec<HandoffCount> =
        counts.into_iter().map(|count| HandoffCount::new(count, &pauses, now)).collect();
    context.ui.show(&Page::from(items))?;
    Ok(Exit::Done)
}
