//! `forebay runs list`: lists the latest runs.

use forebay_domain::run::RunStatus;
use forebay_store::runs::{self, RunFilter};
use forebay_views::{Page, RunSummary};

use crate::{
    cli::values,
    context::Context,
    cursor,
    failure::{Exit, Failure},
    names,
};

/// The words of `scrape_runs.status`.
const STATES: [&str; 6] = ["running", "complete", "partial", "held", "failed", "aborted"];

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list
  forebay runs list --source courses --status held")]
pub(crate) struct Args {
    /// Only this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only this state
    #[arg(long, value_name = "STATUS", value_parser = STATES)]
    pub(crate) status: Option<String>,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,

    /// Maximum number of runs, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let filter = RunFilter {
        source: args.source.clone(),
        status: args.status.as_deref().and_then(RunStatus::parse),
        after: args.after.as_deref().map(cursor::read).transpose()?,
        // One more than the limit shows whether there are more.
        limit: i64::from(args.limit) + 1,
    };
    let mut rows = context
        .with_database(async |database| {
            let client = database.client().await?;
            if let Some(name) = &args.source {
                names::source(&client, name).await?;
            }
            Ok(runs::list(&**client, &filter).await?)
        })
        .await?;
    let next = cursor::next(&mut rows, args.limit, |last| last.run_id)?;
    let items: Vec<RunSummary> = rows.iter().map(RunSummary::from).collect();
    context.ui.show(&Page { items, next })?;
    Ok(Exit::Done)
}
