//! `forebay content diff`: the difference between two versions of a course.

use forebay_domain::content::{
    paths::Slug,
    version::{Tag, Version},
};
use forebay_engine::content;
use forebay_views::ContentDiff;

use super::{
    course::{CourseArgs, slug},
    persistence::with_database,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Show which files of a course differ between two versions
///
/// A version is a tag or a time. Without FROM, the last tag is compared with what is stored now;
/// without TO, FROM is. To compare a folder with what is stored, use `forebay content verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content diff rust-basics
  forebay content diff rust-basics v1 v2 --text
  forebay content diff rust-basics 2026-10-01 --output json")]
pub(crate) struct Args {
    /// Slug of the course
    #[arg(value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Slug,

    /// First version [default: the last tag]
    #[arg(value_name = "FROM", value_parser = version)]
    pub(crate) from: Option<Version>,

    /// Second version [default: now]
    #[arg(value_name = "TO", value_parser = version)]
    pub(crate) to: Option<Version>,

    #[command(flatten)]
    pub(crate) settings: CourseArgs,

    /// Show the changed lines
    #[arg(long)]
    pub(crate) text: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let settings = args.settings.configured(args.course.clone(), context)?;
    let diff = with_database(context, async |database| {
        content::diff(database, &settings, args.from.as_ref(), args.to.as_ref()).await
    })
    .await?;
    context.ui.show(&ContentDiff::new(diff, args.text))?;
    Ok(Exit::Done)
}

/// A tag or a time. A tag begins with a letter, and a time with a digit.
fn version(text: &str) -> Result<Version, String> {
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Tag::parse(text).map(Version::Tagged)
    } else {
        values::time(text).map(Version::At).map_err(|error| format!("{error}, or a tag such as v1"))
    }
}
