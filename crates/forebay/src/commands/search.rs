//! `forebay search`: searches the documents that the documents handler ingested, by words and, where there are
//! embeddings, by meaning.

mod report;

use forebay_engine::retrieval::{self, SearchOptions};
use forebay_store::connect::Database;
use forebay_views::SearchResult;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// Search the ingested documents
///
/// Supports "quoted phrases", OR, and -word to exclude a word.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay search organic chemistry
  forebay search '\"linear algebra\" -honors' --source courses
  forebay search painting --limit 3 --output json
  forebay search 'how do I enrol' --pipeline handbook")]
pub(crate) struct Args {
    /// Search terms
    #[arg(required = true, value_name = "WORD")]
    pub(crate) words: Vec<String>,

    /// Only documents of this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only documents that this pipeline indexed
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Option<String>,

    /// Maximum number of documents
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.words.join(" ");
    let options = SearchOptions {
        source: args.source.clone(),
        pipeline: args.pipeline.clone(),
        limit: args.limit,
        ..SearchOptions::default()
    };
    let result = context.with_database(async |database| search(database, query, options).await).await?;
    context.ui.show(&result)?;
    Ok(Exit::Done)
}

/// Searches. Errors: `no_such_source`, and those of a search.
pub(crate) async fn search(
    database: &Database,
    query: String,
    options: SearchOptions,
) -> Result<SearchResult, Failure> {
    if let Some(name) = &options.source {
        names::source(&database.client().await?, name).await?;
    }
    let found = retrieval::search(database, &query, &options).await?;
    Ok(SearchResult::new(query, found))
}
