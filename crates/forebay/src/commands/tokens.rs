//! `forebay tokens`: the tokens that programs and people present to the API.

mod create;
mod list;
mod revoke;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    List(list::Args),
    Revoke(revoke::Args),
}

/// Runs the command.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Create(args) => create::run(args, context).await,
        Command::List(_) => list::run(context).await,
        Command::Revoke(args) => revoke::run(args, context).await,
    }
}
