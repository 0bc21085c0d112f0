//! `forebay runs list`: lists the latest runs.

use forebay_domain::run::RunStatus;
use forebay_store::runs::RunFilter;
use jiff::Timestamp;

use super::read;
use crate::{
    cli::{moment::past, values},
    context::Context,
    cursor,
    failure::{Exit, Failure},
};

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs list
  forebay runs list --source courses --status held
  forebay runs list --since 12h")]
pub(crate) struct Args {
    /// Only this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only this status
    #[arg(long, value_name = "STATUS", value_parser = values::word::<RunStatus>())]
    pub(crate) status: Option<RunStatus>,

    /// Only runs that started since this time or within this span (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = past)]
    pub(crate) since: Option<Timestamp>,

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
        status: args.status,
        since: args.since,
        after: args.after.as_deref().map(cursor::read).transpose()?,
        limit: args.limit.into(),
    };
    let page =
        context.with_database(async |database| read::page(&database.client().await?, filter).await).await?;
    context.ui.show_page(&page)?;
    Ok(Exit::Done)
}
