//! `forebay content validate`: scores the lessons of a course.

use forebay_engine::content;
use forebay_views::ContentValidation;

use super::{outcome::database_error, writing::WritingArgs};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Validate lessons: structure, GPS and didactics, with the evidence
///
/// GPS: goal, position and steps. Didactics: hook, key concepts, transition, reflective question,
/// analogy or diagram, structured review and quick action. Headings and phrases are recognised in
/// Portuguese, Spanish and English. Stores scores, status and issues of each lesson. Exits with 1 if a
/// lesson failed. With --output json, every criterion has its evidence and its place in the text.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content validate outputs/courses/rust-basics
  forebay content validate outputs/courses/rust-basics 1.2 2.1
  forebay content validate outputs/courses/rust-basics --persist off --output json")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// Only these lessons: by path in the folder, id, slug, or number such as 2.10
    #[arg(value_name = "LESSON")]
    pub(crate) lessons: Vec<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let validated = args
        .writing
        .run(context, async |writer| content::validate_lessons(writer, &args.lessons).await)
        .await?;
    let view = ContentValidation::new(validated, database_error);
    args.writing.finish(context, &view, Some(&view.database), view.is_passed)
}
