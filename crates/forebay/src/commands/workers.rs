//! `forebay workers`: who works for which pipelines, and releasing what dead workers have claimed.

mod list;
mod release;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do; by default, list.
#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Release(release::Args),
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.command {
        None => list::run(&list::Args::default(), context).await,
        Some(Command::List(args)) => list::run(args, context).await,
        Some(Command::Release(args)) => release::run(args, context).await,
    }
}
