//! `forebay handoffs hold`: sets aside what waits.

use forebay_store::handoffs;

use super::{report_operated::OperatedReport, select::Filters};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Set aside hand-offs that wait, until they are released
///
/// What a worker has already begun goes on. A newer version of the reference takes the place of a held one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs hold --pipeline search --source courses
  forebay handoffs hold --reason-code webhook_unavailable")]
pub(crate) struct Args {
    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let operated = context
        .with_database(async |database| {
            let mut client = database.client().await?;
            let selection = args.filters.selection(&client).await?;
            Ok(handoffs::hold(&mut client, &selection, args.filters.mode()).await?)
        })
        .await?;
    let report = OperatedReport::new("hold", args.filters.mode(), operated);
    context.ui.show(&report)?;
    Ok(report.exit())
}
