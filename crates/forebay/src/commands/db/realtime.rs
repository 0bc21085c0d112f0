//! `forebay db realtime`: the tables whose changes Supabase Realtime sends.

mod add;
mod list;
mod remove;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Add(add::Args),
    Remove(remove::Args),
}

/// Runs one of them.
pub(super) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List(_) => list::run(context).await,
        Command::Add(args) => add::run(args, context).await,
        Command::Remove(args) => remove::run(args, context).await,
    }
}
