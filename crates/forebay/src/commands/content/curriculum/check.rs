//! `forebay content curriculum check`: does the curriculum agree with itself and with the folder?

use forebay_engine::content;
use forebay_views::ContentCurriculum;

use super::super::writing::FolderArgs;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Check a curriculum: numbers, durations, ids, and the files that it names
///
/// Ids, numbers and files that occur twice, and text that cannot be read, are errors; gaps, sums that
/// do not add up and lessons that do not exist yet are warnings. Exits with 1 on errors. Needs no
/// database and writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content curriculum check outputs/courses/rust-basics")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (settings, folder) = args.folder.open(context)?;
    let view = ContentCurriculum::from(content::check_curriculum(&settings, &folder).await?);
    context.ui.show(&view)?;
    Ok(if view.is_valid { Exit::Done } else { Exit::Failed })
}
