//! `forebay db entities list`: all typed views.

use forebay_store::{connect::Database, entities};
use forebay_views::{DatabaseEntity, Page};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, Tone, format, table::Column},
};

/// List typed views of entity types
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db entities list")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    context.report(async |database| read(database).await).await
}

async fn read(database: &Database) -> Result<Page<DatabaseEntity>, Failure> {
    let client = database.client().await?;
    let items: Vec<_> = entities::list(&**client).await?.into_iter().map(DatabaseEntity::from).collect();
    Ok(items.into())
}

impl Report for Page<DatabaseEntity> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("entity"),
            Column::text("schema"),
            Column::text("views"),
            Column::number("indexes"),
            Column::text("created, UTC").minor(),
        ]);
        for entity in &self.items {
            table.row([
                entity.entity_type.clone(),
                entity.schema.clone(),
                entity.relations.join(", "),
                entity.indexes.len().to_string(),
                format::timestamp(entity.created_at.get()),
            ]);
        }
        page.table(&table, "no typed views; create them with `forebay db entities create`");
        for entity in &self.items {
            let unfit = entity.fields.iter().flatten();
            for field in unfit.filter(|field| field.num_wrong + field.num_missing > 0) {
                let name = format!("{}.{}", entity.entity_type, format::plain(&field.field));
                let wrong = format::counted(field.num_wrong, "value");
                let missing = format::counted(field.num_missing, "reference");
                if field.num_wrong > 0 {
                    page.toned(Tone::Warning, &format!("{name}: {wrong} not of its type, null in the view"));
                }
                if field.num_missing > 0 {
                    page.toned(Tone::Warning, &format!("{name}: required, and missing in {missing}"));
                }
            }
        }
    }
}
