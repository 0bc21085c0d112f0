//! `forebay handoffs`: the hand-off seen by an operator.

mod counts;
mod list;
mod report;
mod show;

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
}

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Counts(args) => counts::run(args, context).await,
    }
}
