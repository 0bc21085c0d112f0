//! `forebay db entities drop`: drops the typed views of an entity type.

use forebay_store::{connect::Database, entities, tables::SchemaName};
use forebay_views::{DatabaseEntity, Page};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Drop the typed views of an entity type, and indexes that no other schema's need
///
/// The schema and all references stay. Refused while another view uses one of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db entities drop event --schema app")]
pub(crate) struct Args {
    /// The entity type
    #[arg(value_name = "ENTITY")]
    pub(crate) entity: String,

    /// Schema that contains the views
    #[arg(long, value_name = "NAME", value_parser = values::schema)]
    pub(crate) schema: SchemaName,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let dropped = context.with_database(async |database| remove(args, database).await).await?;
    context.ui.show(&Page::from(vec![dropped]))?;
    context.ui.note("dropped; the data is kept");
    Ok(Exit::Done)
}

async fn remove(args: &Args, database: &Database) -> Result<DatabaseEntity, Failure> {
    let mut client = database.client().await?;
    if let Some(views) = entities::drop(&mut client, &args.schema, &args.entity).await? {
        return Ok(views.into());
    }
    let message =
        format!("there are no views of the entity type {} in schema {:?}", args.entity, args.schema.as_str());
    Err(Failure::usage("no_such_entity_views", message).hint("`forebay db entities list` lists all"))
}
