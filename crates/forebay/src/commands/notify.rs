//! `forebay notify`: the receivers of notifications, what waits for them, and trying them.

mod list;
mod test;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Test(test::Args),
}

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(args, context).await,
        Command::Test(args) => test::run(args, context).await,
    }
}
