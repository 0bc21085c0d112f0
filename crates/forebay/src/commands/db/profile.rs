//! `forebay db profile`: views and tables named as existing code expects them.

mod create;
mod drop;
mod list;

use clap::Subcommand;
use forebay_store::tables::SchemaName;

use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    List(list::Args),
    Drop(drop::Args),
}

/// Runs one of them.
pub(super) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Create(args) => create::run(args, context).await,
        Command::List(_) => list::run(context).await,
        Command::Drop(args) => drop::run(args, context).await,
    }
}

/// Parses the name of a schema of the user's own.
fn schema(text: &str) -> Result<SchemaName, String> {
    SchemaName::parse(text).map_err(|error| error.to_string())
}
