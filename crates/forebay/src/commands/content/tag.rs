//! `forebay content tag`: names a version of a course.

use forebay_domain::content::{paths::Slug, version::Tag};
use forebay_engine::content;
use forebay_views::CourseTag;
use jiff::Timestamp;

use super::{
    course::{CourseArgs, slug},
    persistence::with_database,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Name the stored state of a course, now or at a time
///
/// A tag is never moved. It names what is stored, so sync the folder first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content tag rust-basics v1
  forebay content tag rust-basics launch --at 2026-10-01T09:00:00Z")]
pub(crate) struct Args {
    /// Slug of the course
    #[arg(value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Slug,

    /// The tag, such as v1
    #[arg(value_name = "NAME", value_parser = Tag::parse)]
    pub(crate) tag: Tag,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,

    /// The course as it was at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) at: Option<Timestamp>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let settings = args.settings.configured(args.course.clone(), context)?;
    let tagged =
        with_database(context, async |database| content::tag(database, &settings, &args.tag, args.at).await)
            .await?;
    context.ui.show(&CourseTag::from(tagged))?;
    Ok(Exit::Done)
}
