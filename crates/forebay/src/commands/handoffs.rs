//! `forebay handoffs`: hand-offs for operators.

mod cancel;
mod counts;
mod deliveries;
mod enqueue;
mod hold;
mod list;
mod pause;
mod release;
mod report;
mod report_operated;
mod report_verify;
mod resume;
mod retry;
mod select;
mod show;
mod snooze;
mod verify;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Counts(counts::Args),
    Deliveries(deliveries::Args),
    Enqueue(enqueue::Args),
    Retry(retry::Args),
    Cancel(cancel::Args),
    Hold(hold::Args),
    Release(release::Args),
    Snooze(snooze::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Verify(verify::Args),
}

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Counts(args) => counts::run(args, context).await,
        Command::Deliveries(args) => deliveries::run(args, context).await,
        Command::Enqueue(args) => enqueue::run(args, context).await,
        Command::Retry(args) => retry::run(args, context).await,
        Command::Cancel(args) => cancel::run(args, context).await,
        Command::Hold(args) => hold::run(args, context).await,
        Command::Release(args) => release::run(args, context).await,
        Command::Snooze(args) => snooze::run(args, context).await,
        Command::Pause(args) => pause::run(args, context).await,
        Command::Resume(args) => resume::run(args, context).await,
        Command::Verify(args) => verify::run(args, context).await,
    }
}
