//! `forebay content show`: a stored course, or one of its lessons.

use forebay_domain::content::paths::Slug;
use forebay_engine::content;
use forebay_views::{Course, CourseLesson};

use super::{
    course::{CourseArgs, slug},
    persistence::with_database,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Show a stored course, or one of its lessons
///
/// Lists lessons with their scores, approvals, research, performance and tags. With LESSON, shows that lesson with its
/// text.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content show rust-basics
  forebay content show rust-basics 1.2
  forebay content show rust-basics --output json")]
pub(crate) struct Args {
    /// Slug of the course
    #[arg(value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Slug,

    /// A lesson: its path, id, slug, or number such as 2.10
    #[arg(value_name = "LESSON", value_parser = values::name)]
    pub(crate) lesson: Option<String>,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let settings = args.settings.configured(args.course.clone(), context)?;
    match &args.lesson {
        None => {
            let course =
                with_database(context, async |database| content::show(database, &settings).await).await?;
            context.ui.show(&Course::from(course))?;
        }
        Some(name) => {
            let find = async |database: &_| content::show_lesson(database, &settings, name).await;
            let lesson = with_database(context, find).await?;
            context.ui.show(&CourseLesson::from(lesson))?;
        }
    }
    Ok(Exit::Done)
}
