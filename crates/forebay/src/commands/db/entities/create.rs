//! `forebay db entities create`: creates typed views in a schema, or brings them up to date.

use forebay_domain::entity::{Declared, Entity};
use forebay_store::{connect::Database, entities, tables::SchemaName};
use forebay_views::{DatabaseEntity, Page};

use super::declared;
use crate::{
    cli::values,
    config::Config,
    context::Context,
    failure::{Exit, Failure},
};

/// Create typed views of entity types
///
/// An entity type with fields in the configuration gets a view of its active references, with a column of the right
/// type for each field, a view of their revisions, and an index for each field with `filter = true`. A field with
/// `references` gets functions between its view and the other one, which join them. Values that are not of their type
/// are null; how many there are is reported. A missing schema is created. Safe to run again; something else of these
/// names is never replaced.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db entities create --schema app
  forebay db entities create event venue --schema app")]
pub(crate) struct Args {
    /// Entity types [default: all that the configuration declares with fields]
    #[arg(value_name = "ENTITY")]
    pub(crate) entities: Vec<String>,

    /// Schema to create them in
    #[arg(long, value_name = "NAME", value_parser = values::schema)]
    pub(crate) schema: SchemaName,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let chosen = chosen(args, &config)?;
    context.report(async |database| create(args, &chosen, config.typed_entities(), database).await).await
}

fn chosen<'a>(args: &Args, config: &'a Config) -> Result<Vec<&'a Entity>, Failure> {
    if !args.entities.is_empty() {
        return args.entities.iter().map(|name| declared(config, name)).collect();
    }
    if config.typed_entities().is_empty() {
        let message = "the configuration declares no entity type with fields";
        return Err(Failure::usage("entity_undeclared", message)
            .hint("add for instance `[entities.event]` with `preset = \"event\"`"));
    }
    Ok(config.typed_entities().values().collect())
}

async fn create(
    args: &Args,
    chosen: &[&Entity],
    declared: &Declared,
    database: &Database,
) -> Result<Page<DatabaseEntity>, Failure> {
    let mut client = database.client().await?;
    let mut items = Vec::new();
    for entity in chosen {
        let views = entities::create(&mut client, &args.schema, entity, declared).await?;
        let fits = entities::fit(&**client, entity).await?;
        items.push(DatabaseEntity::created(views, fits));
    }
    Ok(items.into())
}
