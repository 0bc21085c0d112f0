//! `forebay content brief`: is the brief of a course filled in?

use forebay_engine::content;
use forebay_views::ContentBrief;

use super::{outcome::database_error, writing::WritingArgs};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Check the brief of a course and store it
///
/// Names sections that are missing or empty and places that are not filled in, such as `[name]`, TODO
/// or a label without a value. Exits with 1 if there are any; the brief is stored nevertheless.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content brief outputs/courses/rust-basics
  forebay content brief outputs/courses/rust-basics --persist off --output json")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let checked = args.writing.run(context, async |writer| content::check_brief(writer).await).await?;
    let view = ContentBrief::new(checked, database_error);
    args.writing.finish(context, &view, Some(&view.database), view.is_complete)
}
