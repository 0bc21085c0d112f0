//! `forebay content`: folders of generated courses, kept equal to the database.

mod course;
mod generate;
mod list;
mod report;
mod restore;
mod sync;
mod verify;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Generate(generate::Args),
    Sync(sync::Args),
    Verify(verify::Args),
    Restore(restore::Args),
    List(list::Args),
}

/// Runs a subcommand.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Generate(args) => Box::pin(generate::run(args, context)).await,
        Command::Sync(args) => sync::run(args, context).await,
        Command::Verify(args) => verify::run(args, context).await,
        Command::Restore(args) => restore::run(args, context).await,
        Command::List(args) => list::run(args, context).await,
    }
}
