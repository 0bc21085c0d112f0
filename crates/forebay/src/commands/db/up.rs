//! `forebay db up`: migrates the schema to this version.

use forebay_store::{connect::Database, migrations};
use forebay_views::Migrated;

use super::report;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Create or upgrade the schema
///
/// Safe to run repeatedly and concurrently. Only adds to the database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db up
  forebay db up --database-url postgres://me@db.example.com/app")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let migrated = context.with_bare_database(async |database| migrate(database).await).await?;
    context.ui.show(&migrated)?;
    Ok(Exit::Done)
}

async fn migrate(database: &Database) -> Result<Migrated, Failure> {
    let mut client = database.client().await?;
    let applied = migrations::up(&mut client).await?;
    Ok(Migrated { undone: Vec::new(), applied, version: report::version(&client).await? })
}
