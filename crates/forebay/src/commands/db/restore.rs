//! `forebay db restore`: the database as a backup has it.

use std::path::PathBuf;

use forebay_store::{
    access,
    connect::Database,
    migrations, sources, stats,
    tools::{find, names_api_roles, replay},
};
use forebay_views::DatabaseRestored;
use tokio::task::block_in_place;

use super::{
    report,
    tools::{connection, contents},
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Replace the database with a backup
///
/// Everything that Forebay stored is replaced in one transaction: if anything fails, nothing changed. Asks for
/// confirmation if there is data; without a terminal, --yes is required.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db restore forebay.dump
  forebay db restore forebay.dump --yes && forebay doctor --deep")]
pub(crate) struct Args {
    /// A file of `forebay db backup` or of `pg_dump --format=custom`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Skip the confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Err(error) = std::fs::File::open(&args.file) {
        let message = format!("{} can't be read", args.file.display());
        return Err(Failure::usage("file_unreadable", message).because(&error));
    }
    context.report_bare(async |database| restore(args, context, database).await).await
}

async fn restore(args: &Args, context: &Context, database: &Database) -> Result<DatabaseRestored, Failure> {
    database.require_session("restoring").await?;
    let mut client = database.client().await?;
    if report::version(&client).await? == 0 {
        // Creates the roles that the backup grants rights to.
        migrations::up(&mut client).await?;
    }
    // A database that can't be read may have data.
    let has_data = sources::names(&**client).await.map_or(true, |names| !names.is_empty());
    if has_data && !args.yes {
        let stored = report::stored(&client, database).await;
        context.ui.confirm(&format!("a restore replaces {stored}; this cannot be undone"))?;
    }
    let (libpq, server_major) = connection(context, database).await?;
    let (pg_restore, psql) = (find("pg_restore", server_major)?, find("psql", server_major)?);
    if block_in_place(|| names_api_roles(&libpq, &pg_restore, &args.file))? {
        access::create_roles(&mut client).await?;
    }
    block_in_place(|| replay(&libpq, &pg_restore, &psql, &args.file, contents(database)))?;
    let totals = stats::totals(&**client, None).await?;
    Ok(DatabaseRestored {
        file: args.file.display().to_string(),
        version: report::version(&client).await?,
        num_active: totals.num_active,
        num_removed: totals.num_removed,
        num_revisions: totals.num_revisions,
    })
}

impl Report for DatabaseRestored {
    fn write(&self, page: &mut Page) {
        page.line(&format!(
            "restored {}: {} active references, {} removed, {} revisions; the schema is at version {}",
            self.file,
            format::count(self.num_active),
            format::count(self.num_removed),
            format::count(self.num_revisions),
            self.version
        ));
        page.line("check it with: forebay doctor --deep");
    }
}
