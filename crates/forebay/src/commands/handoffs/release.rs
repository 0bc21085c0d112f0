//! `forebay handoffs release`: lets go what is held.

use forebay_store::handoffs;

use super::{report_operated::OperatedReport, select::Filters};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Let go hand-offs that are held
///
/// They can be claimed at once, with the tries that they had.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs release --pipeline search
  forebay handoffs release --reference courses/CSC-126")]
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
            Ok(handoffs::release(&mut client, &selection, args.filters.mode()).await?)
        })
        .await?;
    let report = OperatedReport::new("release", args.filters.mode(), operated);
    context.ui.show(&report)?;
    Ok(report.exit())
}
