//! `forebay content verify`: compares a course folder with the database.

use forebay_engine::content;
use forebay_views::ContentVerification;

use super::{persistence::with_database, writing::FolderArgs};
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
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (settings, folder) = args.folder.open(context)?;
    let verified =
        with_database(context, async |database| content::verify(database, &settings, folder).await).await?;
    let view = ContentVerification::from(verified);
    let exit = if view.is_clean { Exit::Done } else { Exit::Failed };
    context.ui.show(&view)?;
    Ok(exit)
}
