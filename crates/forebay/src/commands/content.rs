//! `forebay content`: folders of generated courses, kept equal to the database.

mod course;
mod diff;
mod generate;
mod list;
mod listed;
mod persistence;
mod report;
mod report_versions;
mod restore;
mod search;
mod serve_stdio;
mod sync;
mod tag;
mod verify;
mod watch;

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
    Watch(watch::Args),
    Restore(restore::Args),
    ServeStdio(serve_stdio::Args),
    List(list::Args),
    Diff(diff::Args),
    Tag(tag::Args),
    Search(search::Args),
}

/// Runs a subcommand.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Generate(args) => Box::pin(generate::run(args, context)).await,
        Command::Sync(args) => sync::run(args, context).await,
        Command::Watch(args) => Box::pin(watch::run(args, context)).await,
        Command::Verify(args) => verify::run(args, context).await,
        Command::Restore(args) => restore::run(args, context).await,
        Command::ServeStdio(args) => Box::pin(serve_stdio::run(args, context)).await,
        Command::List(args) => list::run(args, context).await,
        Command::Diff(args) => diff::run(args, context).await,
        Command::Tag(args) => tag::run(args, context).await,
        Command::Search(args) => search::run(args, context).await,
    }
}
