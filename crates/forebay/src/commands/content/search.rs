//! `forebay content search`: searches the stored lessons.

use forebay_domain::content::paths::Slug;
use forebay_engine::content;
use forebay_store::content::SearchFilter;
use forebay_views::ContentSearch;

use super::{
    course::{project, slug},
    persistence::with_database,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Search the stored lessons for words, whatever their case and accents
///
/// Supports "quoted phrases", OR, and -word to exclude a word. Words must match as a whole, in any
/// language.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content search ownership borrowing
  forebay content search '\"passo a passo\" -introdução' --course rust-basics
  forebay content search hook --keyword rust --limit 3 --output json")]
pub(crate) struct Args {
    /// Search terms
    #[arg(required = true, value_name = "WORD")]
    pub(crate) words: Vec<String>,

    /// The project [default: `content.project`, else default]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) project: Option<String>,

    /// Only lessons of this course
    #[arg(long, value_name = "SLUG", value_parser = slug)]
    pub(crate) course: Option<Slug>,

    /// Only courses in the voice of this persona
    #[arg(long, value_name = "ID", value_parser = values::name)]
    pub(crate) persona: Option<String>,

    /// Only courses with this keyword, and lessons with this key concept
    #[arg(long, value_name = "WORD", value_parser = values::name)]
    pub(crate) keyword: Option<String>,

    /// Maximum number of lessons
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.words.join(" ");
    let filter = SearchFilter {
        course: args.course.as_ref().map(ToString::to_string),
        persona: args.persona.clone(),
        keyword: args.keyword.clone(),
    };
    let project = project(args.project.as_deref(), context)?;
    let hits = with_database(context, async |database| {
        content::search(database, &project, &query, &filter, args.limit).await
    })
    .await?;
    context.ui.show(&ContentSearch::new(query, hits))?;
    Ok(Exit::Done)
}
