//! `forebay content sync`: makes the database equal a course folder.

use std::path::{Path, PathBuf};

use forebay_domain::content::{
    paths::RelativePath,
    plan::{Keep, Side},
};
use forebay_engine::content::{self, ContentError, SyncOptions};
use forebay_views::ContentSync;

use super::{outcome::exit, persistence::with_database, writing::FolderArgs};
use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
};

/// Make the database equal a course folder
///
/// Compares the folder, its state after the last sync, and the database. What only the folder changed
/// is stored as one run; what only the database changed, or both, is reported and left as it is, until
/// --keep decides which side wins. A second sync without changes writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content sync outputs/courses/rust-basics
  forebay content sync docs --layout docusaurus --course handbook
  forebay content sync outputs/courses/rust-basics --dry-run
  forebay content sync outputs/courses/rust-basics --keep database
  forebay content sync outputs/courses/rust-basics --keep folder lessons/1.2-moves.md")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Remove files from the database even if most of the course is gone from the folder
    #[arg(long)]
    pub(crate) allow_removals: bool,

    /// Which side wins where both changed a file, or only the database did
    ///
    /// `folder` stores the folder's file; the other version stays in the history. It replaces only a version that an
    /// earlier sync has reported; a newer one is reported first. `database` writes the
    /// stored file into the folder, or removes the folder's file if the database has none; a version that
    /// was never stored is copied to .forebay/kept. Without PATH, decides all conflicts; with `folder`,
    /// also files that the database lost; with `database`, also files that only the database added or
    /// changed.
    #[arg(long, value_name = "SIDE", value_parser = values::word::<Side>())]
    pub(crate) keep: Option<Side>,

    /// Decide only these files, each by its path in the course folder
    #[arg(value_name = "PATH", requires = "keep")]
    pub(crate) paths: Vec<PathBuf>,

    /// Show what would be done, and write nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (settings, folder) = args.folder.open(context)?;
    let paths = args.paths.iter().map(|path| path_in(&args.folder.folder, path));
    let paths = paths.collect::<Result<_, _>>()?;
    let keep = args.keep.map(|side| Keep { side, paths, seen: None });
    let options = SyncOptions {
        allow_removals: args.allow_removals,
        dry_run: args.dry_run,
        keep,
        by: Some(args.why.actor()),
        ..SyncOptions::default()
    };
    let report =
        with_database(context, async |database| content::sync(database, &settings, folder, options).await)
            .await?;
    let exit = exit(true, report.attention());
    context.ui.show(&ContentSync::new(report, args.dry_run))?;
    Ok(exit)
}

/// The path of a file in the course folder. One that begins with the folder, as a shell completes it, is understood
/// too.
fn path_in(folder: &Path, path: &Path) -> Result<RelativePath, Failure> {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    let parsed = RelativePath::parse(&inside.to_string_lossy());
    Ok(parsed.map_err(ContentError::Problem).map_err(forebay_engine::Error::from)?)
}
