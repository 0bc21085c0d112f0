//! `forebay config`: the configuration itself.

mod apply;
mod check;
mod schema;

use clap::Subcommand;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Apply(apply::Args),
    Check(check::Args),
    Schema(schema::Args),
}

/// Runs one of them.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Apply(args) => apply::run(args, context).await,
        Command::Check(_) => check::run(context),
        Command::Schema(_) => schema::run(context),
    }
}
