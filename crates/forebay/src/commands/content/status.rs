//! `forebay content status`: whether people may see a course.

use forebay_domain::content::{ContentStatus, paths::Slug};
use forebay_engine::content;
use forebay_views::CourseStatus;

use super::{
    course::{CourseArgs, slug},
    persistence::with_database,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Set the status of a stored course: draft, published or archived
///
/// A new course is a draft. The status is stored in the database only, not in a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content status rust-basics published
  forebay content status rust-basics archived --project academy")]
pub(crate) struct Args {
    /// Slug of the course
    #[arg(value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Slug,

    /// The new status
    #[arg(value_name = "STATUS", value_parser = values::word::<ContentStatus>())]
    pub(crate) status: ContentStatus,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let settings = args.settings.configured(args.course.clone(), context)?;
    let set = async |database: &_| content::set_status(database, &settings, args.status).await;
    let is_changed = with_database(context, set).await?;
    context.ui.show(&CourseStatus {
        project: settings.project,
        slug: settings.slug.to_string(),
        status: args.status.as_str().to_owned(),
        is_changed,
    })?;
    Ok(Exit::Done)
}
