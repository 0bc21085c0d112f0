//! `forebay handoffs snooze`: puts off what waits.

use forebay_store::handoffs;
use jiff::Timestamp;

use super::{
    report_operated::OperatedReport,
    select::{self, Filters},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Put off hand-offs that wait
///
/// A newer version of the reference does not wait: it is handed off as usual.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs snooze --pipeline search --not-before 2h
  forebay handoffs snooze --reason-code webhook_throttled --not-before 2026-03-01T06:00:00Z")]
pub(crate) struct Args {
    /// Until when: a time, or a span from now (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = select::future)]
    not_before: Timestamp,

    #[command(flatten)]
    filters: Filters,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let operated = context
        .with_database(async |database| {
            let mut client = database.client().await?;
            let selection = args.filters.selection(&client).await?;
            Ok(handoffs::snooze(&mut client, &selection, args.not_before, args.filters.mode()).await?)
        })
        .await?;
    let report = OperatedReport::new("snooze", args.filters.mode(), operated);
    context.ui.show(&report)?;
    Ok(report.exit())
}
