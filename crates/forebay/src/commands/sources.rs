//! `forebay sources`: the sources in the database.

mod breaker;
mod delete;
mod list;
mod rename;
mod rename_field;
mod show;
mod test;

use clap::Subcommand;

pub(super) use self::show::write_versions;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Test(test::Args),
    RenameField(rename_field::Args),
    Rename(rename::Args),
    Delete(delete::Args),
    /// Show and control circuit breakers
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay sources breaker show\n  forebay sources breaker close courses"
    )]
    Breaker(breaker::Command),
}

/// Runs one of them.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(_) => list::run(context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::Test(args) => test::run(&args, context).await,
        Command::RenameField(args) => rename_field::run(&args, context).await,
        Command::Rename(args) => rename::run(&args, context).await,
        Command::Delete(args) => delete::run(&args, context).await,
        Command::Breaker(command) => breaker::run(&command, context).await,
    }
}
