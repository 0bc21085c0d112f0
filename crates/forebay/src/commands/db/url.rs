//! `forebay db url`: how other programs connect.

use forebay_store::connect::Database;
use forebay_views::DatabaseUrl;

use super::tools::connection;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Print the URL of the database, without a password
///
/// The private Postgres runs only while Forebay uses it: `forebay db start` keeps it running for other programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db url
  psql \"$(forebay db url)\"")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let url = context.with_bare_database(async |database| of(context, database).await).await?;
    context.ui.show(&url)?;
    if !url.is_kept {
        context.ui.note("the private Postgres stops when the last Forebay process ends; `forebay db start` keeps it running");
    }
    Ok(Exit::Done)
}

/// The URL of an open database.
pub(super) async fn of(context: &Context, database: &Database) -> Result<DatabaseUrl, Failure> {
    let (libpq, _) = connection(context, database).await?;
    let is_kept = database.cluster().is_none_or(forebay_store::cluster::Cluster::is_kept);
    Ok(DatabaseUrl { url: libpq.url, has_password: libpq.has_password, is_kept })
}

impl Report for DatabaseUrl {
    fn write(&self, page: &mut Page) {
        page.line(&self.url);
    }
}
