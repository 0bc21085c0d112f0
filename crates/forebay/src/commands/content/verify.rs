//! `forebay content verify`: compares a course folder with the database.

use std::{path::PathBuf, sync::Arc};

use forebay_domain::content::paths::Slug;
use forebay_engine::content::{self, CourseFolder};
use forebay_views::ContentVerification;

use super::course::{CourseArgs, slug, slug_of};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Compare every file of a course folder with the database, by hash
///
/// Exits with 1 if anything is missing, extra or different on either side. Writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content verify outputs/courses/rust-basics
  forebay content verify outputs/courses/rust-basics --output json")]
pub(crate) struct Args {
    /// Folder of the course
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Slug of the course [default: made from the folder's name]
    #[arg(long, value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Option<Slug>,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let folder = Arc::new(CourseFolder::open(&args.folder).map_err(forebay_engine::Error::from)?);
    let settings = args.settings.configured(slug_of(args.course.as_ref(), &args.folder)?, context)?;
    let database = context.database().await?;
    let verified = content::verify(&database, &settings, folder).await;
    database.close().await?;
    let view = ContentVerification::from(verified?);
    let exit = if view.is_clean { Exit::Done } else { Exit::Failed };
    context.ui.show(&view)?;
    Ok(exit)
}
