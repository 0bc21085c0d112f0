//! `forebay db reset`: removes everything and migrates again.

use forebay_store::{connect::Database, migrations};
use forebay_views::Migrated;

use super::report;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Delete everything Forebay stored and recreate the schema
///
/// Changes nothing outside Forebay's own schemas. Asks for confirmation; without a terminal, --yes is required.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db reset
  forebay db reset --yes")]
pub(crate) struct Args {
    /// Skip the confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.report_bare(async |database| reset(args, context, database).await).await
}

async fn reset(args: &Args, context: &Context, database: &Database) -> Result<Migrated, Failure> {
    database.require_session("a reset").await?;
    let mut client = database.client().await?;
    if !args.yes {
        let stored = report::stored(&client, database).await;
        context.ui.confirm(&format!("a reset deletes {stored}; this cannot be undone"))?;
    }
    let undone = migrations::down(&mut client, 0).await?;
    let applied = migrations::up(&mut client).await?;
    Ok(Migrated { undone, applied, version: report::version(&client).await? })
}
