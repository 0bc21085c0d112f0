//! `forebay content sync`: makes the database equal a course folder.

use std::{path::PathBuf, sync::Arc};

use forebay_domain::{content::paths::Slug, run::RunStatus};
use forebay_engine::content::{self, CourseFolder, SyncOptions};
use forebay_views::ContentSync;

use super::course::{CourseArgs, slug, slug_of};
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
    /// Folder of the course
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Slug of the course [default: made from the folder's name]
    #[arg(long, value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Option<Slug>,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,

    /// Remove files from the database even if most of the course is gone from the folder
    #[arg(long)]
    pub(crate) allow_removals: bool,

    /// Show what would be done, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let folder = Arc::new(CourseFolder::open(&args.folder).map_err(forebay_engine::Error::from)?);
    let settings = args.settings.configured(slug_of(args.course.as_ref(), &args.folder)?, context)?;
    let options = SyncOptions { allow_removals: args.allow_removals, dry_run: args.dry_run };
    let database = context.database().await?;
    let synced = content::sync(&database, &settings, folder, options).await;
    database.close().await?;
    let report = synced?;
    let exit = match &report.run {
        Some(run) if run.status == RunStatus::Held => Exit::Held,
        _ if report.is_clean() => Exit::Done,
        _ => Exit::Failed,
    };
    context.ui.show(&ContentSync::new(report, args.dry_run))?;
    Ok(exit)
}
