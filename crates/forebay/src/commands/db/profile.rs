//! `forebay db profile`: views and tables named as existing code expects them, and the views that an API exposes.

mod create;
mod drop;
mod list;

use clap::Subcommand;
use forebay_store::{
    profiles::{self, ProfileName},
    tables::SchemaName,
};

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

/// The schema of a profile: the given one, or the default of the profile `api`.
fn schema_of(name: ProfileName, given: Option<&SchemaName>) -> Result<SchemaName, Failure> {
    match given {
        Some(schema) => Ok(schema.clone()),
        None if name == ProfileName::Api => Ok(SchemaName::parse(profiles::API_SCHEMA)?),
        None => {
            let message = format!("the profile {name} needs a schema");
            Err(Failure::usage("usage", message).hint("name it with --schema"))
        }
    }
}
