//! `forebay handoffs list`: what has been promised to ingestion.

use forebay_store::handoffs::{self, HandoffFilter};

use super::report::ListReport;
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// The words of `ingestion_handoffs.state`.
const STATES: [&str; 8] =
    ["pending", "active", "retrying", "succeeded", "failed", "superseded", "cancelled", "held"];

/// List hand-offs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs list
  forebay handoffs list --pipeline search --state failed")]
pub(crate) struct Args {
    /// Only of this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,

    /// Only in this state
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    pub(crate) state: Option<String>,

    /// Most hand-offs to show, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let filter = HandoffFilter {
        pipeline: args.pipeline.clone(),
        state: args.state.clone(),
        reference_id: None,
        limit: i64::from(args.limit),
    };
    let rows = context
        .with_database(async |database| {
            let client = database.client().await?;
            names::pipelines(&client, &args.pipeline).await?;
            Ok(handoffs::list(&**client, &filter).await?)
        })
        .await?;
    context.ui.show(&ListReport::new(rows))?;
    Ok(Exit::Done)
}
