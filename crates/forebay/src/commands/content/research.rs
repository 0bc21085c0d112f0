//! `forebay content research`: are the four reports of a course there?

use forebay_engine::content;
use forebay_views::ContentResearch;

use super::{outcome::database_error, writing::WritingArgs};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Check the market research of a course and store it
///
/// Names the reports that are missing or empty, and counts the competitors that the market analysis
/// lists. Exits with 1 if something is missing; the reports that exist are stored nevertheless.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content research outputs/courses/rust-basics
  forebay content research outputs/courses/rust-basics --output json")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let checked = args.writing.run(context, async |writer| content::check_research(writer).await).await?;
    let view = ContentResearch::new(checked, database_error);
    args.writing.finish(context, &view, Some(&view.database), view.is_complete)
}
