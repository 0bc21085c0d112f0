//! `forebay content curriculum`: checks and approves the curriculum of a course.

mod approve;
mod check;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Check(check::Args),
    Approve(approve::Args),
}

/// Runs a subcommand.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Check(args) => check::run(args, context).await,
        Command::Approve(args) => approve::run(args, context).await,
    }
}
