//! `forebay workers release`: frees what a dead worker has claimed.

use forebay_engine::operate;
use forebay_store::workers::{Worker, WorkerState};
use forebay_views::WorkerReleased;

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
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
    context
        .report(async |database| {
            let client = database.client().await?;
            let worker = names::worker(&client, &args.worker).await?;
            let is_dead = worker.state == WorkerState::Dead;
            if !is_dead && !args.force {
                return Err(alive(&args.worker, &worker));
            }
            drop(client);
            let by = args.why.actor();
            let done = operate::release_worker(database, &args.worker, is_dead, &by).await?;
            Ok(WorkerReleased::new(args.worker.clone(), done))
        })
        .await
}

/// The error for a worker that may be alive.
fn alive(name: &str, worker: &Worker) -> Failure {
    let name = format::plain(name);
    let message = match (&worker.version, worker.lease_until) {
        (None, Some(until)) => format!("{name} may be alive: its lease ends at {}", format::timestamp(until)),
        _ => format!("{name} is alive: it was seen {} ago", format::duration(worker.unseen)),
    };
    Failure::new("worker_alive", message).hint(
        "stop it, and it releases its hand-offs itself. If its process has ended, use --force; deliveries in progress \
         are then repeated",
    )
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
