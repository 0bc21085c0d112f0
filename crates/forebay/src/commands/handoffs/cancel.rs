//! `forebay handoffs cancel`: calls off what waits.

use forebay_store::handoffs;

use super::{report_operated::OperatedReport, select::Filters};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Call off hand-offs that wait
///
/// What a worker has already begun goes on. A newer version of the reference is handed off as usual.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs cancel --pipeline search --source courses --dry-run
  forebay handoffs cancel --reference courses/CSC-126")]
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
            Ok(handoffs::cancel(&mut client, &selection, args.filters.mode()).await?)
        })
        .await?;
    let report = OperatedReport::new("cancel", args.filters.mode(), operated);
    context.ui.show(&report)?;
    Ok(report.exit())
}
