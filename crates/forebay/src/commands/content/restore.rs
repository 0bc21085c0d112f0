//! `forebay content restore`: writes a course folder back.

use std::{fs, path::PathBuf, sync::Arc};

use forebay_domain::content::paths::Slug;
use forebay_engine::content::{self, CourseFolder, RestoreOptions};
use forebay_views::ContentRestored;
use jiff::Timestamp;

use super::{
    course::{CourseArgs, slug},
    persistence::with_database,
};
use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
};

/// Write a course folder back, byte for byte, as it is stored or as it was at a time
///
/// Creates the folder if it is missing. Keeps files that were changed since the last sync unless --force is given.
/// Removes files that the restored state does not have only if they are unchanged since the last sync and the database
/// has their bytes; keeps and lists any others. Exits with 1 if it kept any file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content restore rust-basics outputs/courses/rust-basics
  forebay content restore rust-basics /tmp/last-month --at 2026-10-01")]
pub(crate) struct Args {
    /// Slug of the course
    #[arg(value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Slug,

    /// Folder to write
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,

    /// Files as they were at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) at: Option<Timestamp>,

    /// Overwrite files that were changed since the last sync
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let settings = args.settings.configured(args.course.clone(), context)?;
    let options = RestoreOptions { at: args.at, force: args.force };
    let is_new = !args.folder.exists();
    let restored = with_database(context, async |database| {
        let folder = Arc::new(CourseFolder::create(&args.folder)?);
        content::restore(database, &settings, folder, options, &args.why.actor()).await
    });
    let restored = restored.await;
    if is_new && restored.is_err() {
        // This fails if anything was written.
        let _ = fs::remove_dir(&args.folder);
    }
    let view = ContentRestored::from(restored?);
    let exit = if view.is_complete { Exit::Done } else { Exit::Failed };
    context.ui.show(&view)?;
    Ok(exit)
}
