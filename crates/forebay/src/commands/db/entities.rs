//! `forebay db entities`: typed views of the entity types that the configuration declares.

mod create;
mod drop;
mod list;
mod schema;

use clap::Subcommand;
use forebay_domain::entity::Entity;

use crate::{
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    names::nearest,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Args),
    List(list::Args),
    Drop(drop::Args),
    Schema(schema::Args),
}

/// Runs one of them.
pub(super) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Create(args) => create::run(args, context).await,
        Command::List(_) => list::run(context).await,
        Command::Drop(args) => drop::run(args, context).await,
        Command::Schema(args) => schema::run(args, context),
    }
}

/// An entity type that the configuration declares with fields.
fn declared<'a>(config: &'a Config, name: &str) -> Result<&'a Entity, Failure> {
    let declared = config.typed_entities();
    declared.get(name).ok_or_else(|| {
        let message = format!("the configuration declares no fields of the entity type {name}");
        let hint = match nearest(name, declared.keys().map(String::as_str)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("add [entities.{name}] with `fields` or a `preset` to the configuration"),
        };
        Failure::usage("entity_undeclared", message).hint(hint)
    })
}
