//! `forebay workers release`: frees what a dead worker has claimed.

use forebay_views::{WorkerReleased, decide::workers::release};

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Free everything that a dead worker has claimed, before its leases expire
///
/// The attempts end as lost, and other workers retry the hand-offs. If the worker is alive after all, its reports are
/// refused (`stale`), and its deliveries are repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay workers release web-1:4711:c3f0e
  forebay workers release indexer --force")]
pub(crate) struct Args {
    /// Name of the worker
    #[arg(value_name = "NAME", value_parser = values::name)]
    worker: String,

    /// Even if it may be alive
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let by = args.why.actor();
    context.report(async |database| release(database, &args.worker, args.force, &by).await).await
}

impl Report for WorkerReleased {
    fn write(&self, page: &mut Page) {
        let name = format::plain(&self.worker);
        let wait = if self.num_retrying == 1 { "waits" } else { "wait" };
        page.line(&format!("{name}: {} {wait} for a retry", format::counted(self.num_retrying, "hand-off")));
        let others = [
            (self.num_failed, "failed as poison: too many workers were lost with them"),
            (self.num_superseded, "were replaced by newer content"),
            (self.num_cancelled, "were cancelled, as an operator had asked"),
            (self.num_busy, "are being reported at this moment, and stay claimed"),
        ];
        for (number, what) in others.into_iter().filter(|(number, _)| *number > 0) {
            page.toned(Tone::Warning, &format!("{} {what}", format::counted(number, "hand-off")));
        }
    }
}
