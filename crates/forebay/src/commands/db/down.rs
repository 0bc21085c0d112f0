//! `forebay db down`: reverts migrations.

use forebay_store::{connect::Database, migrations};
use forebay_views::Migrated;

use super::report;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Revert the latest migration, or all down to a version
///
/// Drops what the migration created, with all its data, or nothing if objects of your own depend on it. Asks for
/// confirmation; without a terminal, --yes is required.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db down
  forebay db down --to 3
  forebay db down --to 0 --yes")]
pub(crate) struct Args {
    /// Version to revert to; 0 removes the whole schema [default: the previous version]
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<u32>,

    /// Skip the confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.report_bare(async |database| undo(args, context, database).await).await
}

async fn undo(args: &Args, context: &Context, database: &Database) -> Result<Migrated, Failure> {
    database.require_session("reverting migrations").await?;
    let mut client = database.client().await?;
    let now = report::version(&client).await?;
    let to = args.to.unwrap_or(now.saturating_sub(1));
    if to >= now {
        return Ok(Migrated { undone: Vec::new(), applied: Vec::new(), version: now });
    }
    // First, because it also finds what keeps them from being reverted.
    let losses = migrations::losses(&mut client, to).await?;
    if !args.yes {
        context.ui.confirm(&format!(
            "reverting from version {now} to {to} drops everything that these migrations created in {}: {}",
            database.target(),
            report::lost(&losses)
        ))?;
    }
    let undone = migrations::down(&mut client, to).await?;
    Ok(Migrated { undone, applied: Vec::new(), version: report::version(&client).await? })
}
