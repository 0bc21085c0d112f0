//! `forebay content sync`: makes the database equal a course folder.

use forebay_engine::content::{self, SyncOptions};
use forebay_views::ContentSync;

use super::{outcome::exit, persistence::with_database, writing::FolderArgs};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Make the database equal a course folder
///
/// Compares the folder, its state after the last sync, and the database. What only the folder changed
/// is stored as one run; what only the database changed, or both, is reported and left as it is.
/// A second sync without changes writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content sync outputs/courses/rust-basics
  forebay content sync docs --layout docusaurus --course handbook
  forebay content sync outputs/courses/rust-basics --dry-run")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Remove files from the database even if most of the course is gone from the folder
    #[arg(long)]
    pub(crate) allow_removals: bool,

    /// Show what would be done, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (settings, folder) = args.folder.open(context)?;
    let options = SyncOptions { allow_removals: args.allow_removals, dry_run: args.dry_run };
    let report =
        with_database(context, async |database| content::sync(database, &settings, folder, options).await)
            .await?;
    let exit = exit(true, report.attention());
    context.ui.show(&ContentSync::new(report, args.dry_run))?;
    Ok(exit)
}
