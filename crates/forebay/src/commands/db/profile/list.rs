//! `forebay db profile list`: all profiles.

use forebay_store::{connect::Database, profiles};
use forebay_views::{DatabaseProfile, Page};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, format, table::Column},
};

/// List profiles with their views and tables
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db profile list")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    context.report(async |database| read(database).await).await
}

async fn read(database: &Database) -> Result<Page<DatabaseProfile>, Failure> {
    let client = database.client().await?;
    let items: Vec<_> = profiles::list(&**client).await?.into_iter().map(DatabaseProfile::from).collect();
    Ok(items.into())
}

impl Report for Page<DatabaseProfile> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("profile"),
            Column::text("schema"),
            Column::text("views and tables"),
            Column::text("created, UTC").minor(),
        ]);
        for profile in &self.items {
            table.row([
                profile.profile.clone(),
                profile.schema.clone(),
                profile.relations.join(", "),
                format::timestamp(profile.created_at.get()),
            ]);
        }
        page.table(&table, "no profiles; create one with `forebay db profile create`");
    }
}
